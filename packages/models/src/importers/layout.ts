import type { HostTensor } from '@onestep/tensor';
import type { ParamLayout, ParamSpec } from '../params/param-spec';

/** Axis i of the tensor here is axis `axes[i]` of the channels-first file. */
const axesInFile: Readonly<Record<ParamLayout, readonly number[]>> = {
  conv: [2, 3, 1, 0],
  linear: [1, 0],
  pointwise: [1, 0],
  table: [0, 1],
  vector: [0],
  scalar: [],
};

/** Shape of a parameter in a channels-first file, for 1 x 1 convolutions without their trailing ones. */
export function channelsFirstShape({ layout, shape }: Pick<ParamSpec, 'layout' | 'shape'>): number[] {
  const inFile = new Array<number>(shape.length);
  axesInFile[layout].forEach((axis, i) => (inFile[axis] = shape[i]));
  return inFile;
}

/** Data in file order to data in our order. */
export function fromChannelsFirst(spec: Pick<ParamSpec, 'layout' | 'shape'>, data: HostTensor['data']): HostTensor {
  const moved = permute(Float32Array.from(data), channelsFirstShape(spec), axesInFile[spec.layout]);
  return { dtype: 'float32', shape: [...spec.shape], data: moved };
}

/** The inverse; 1 x 1 convolutions get their trailing ones. */
export function toChannelsFirst(spec: Pick<ParamSpec, 'layout' | 'shape'>, data: HostTensor['data']): HostTensor {
  const axes = axesInFile[spec.layout];
  const back = axes.map((_, i) => axes.indexOf(i));
  const shape = channelsFirstShape(spec);
  const fileShape = spec.layout === 'pointwise' ? [...shape, 1, 1] : shape;
  return { dtype: 'float32', shape: fileShape, data: permute(Float32Array.from(data), spec.shape, back) };
}

/** Axis i of the result is axis `axes[i]` of the source. */
function permute(data: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i -= 1) strides[i] = strides[i + 1] * shape[i + 1];
  const moved = new Float32Array(data.length);
  let written = 0;
  const visit = (depth: number, offset: number): void => {
    if (depth === axes.length) {
      moved[written++] = data[offset];
      return;
    }
    for (let k = 0; k < shape[axes[depth]]; k += 1) visit(depth + 1, offset + k * strides[axes[depth]]);
  };
  visit(0, 0);
  return moved;
}
