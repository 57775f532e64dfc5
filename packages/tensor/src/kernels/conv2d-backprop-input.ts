import { Conv2DBackpropInput, type TensorInfo } from '@tensorflow/tfjs-core';
import { conv2DGeometry, inside, type Conv2DGeometry } from './conv2d-geometry';
import { copyBox, rowMajorStrides } from './copy-box';
import { callKernel, free, type WasmBackend, type WasmCall, type WasmKernel } from './wasm-backend';

/**
 * Gradient of conv2d with respect to its input, as a convolution of the output's gradient (zeros inserted between its
 * pixels for stride > 1) with the filter turned by 180 degrees and its channel axes swapped. The built-in is 10
 * times slower.
 */
export const conv2DBackpropInput: WasmKernel = {
  kernelName: Conv2DBackpropInput,
  make: () => inputGradient,
};

function inputGradient({ inputs: { dy, filter }, attrs, backend }: WasmCall): TensorInfo {
  const geometry = conv2DGeometry(attrs.inputShape as number[], filter.shape, attrs);
  const turned = turnFilter(backend, filter);
  const top = geometry.filterHeight - 1 - geometry.top;
  const left = geometry.filterWidth - 1 - geometry.left;
  const bottom = geometry.inHeight + geometry.top - geometry.outHeight;
  const right = geometry.inWidth + geometry.left - geometry.outWidth;
  const direct = geometry.strideHeight === 1 && geometry.strideWidth === 1 && Math.min(top, left, bottom, right) >= 0;
  const spread = direct ? dy : spreadGradient(backend, dy, geometry, top, left);
  const pad = direct
    ? [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]
    : 'valid';
  const out = callKernel(
    backend,
    'Conv2D',
    { x: spread, filter: turned },
    { strides: 1, pad, dataFormat: 'NHWC', dilations: 1 },
  );
  free(backend, turned);
  if (!direct) free(backend, spread);
  return out;
}

/** `[kh,kw,Ci,Co]` to `[kh,kw,Co,Ci]`, both spatial axes reversed. */
function turnFilter(backend: WasmBackend, filter: TensorInfo): TensorInfo {
  const [height, width] = filter.shape;
  const perm = [0, 1, 3, 2];
  if (height === 1 && width === 1) return callKernel(backend, 'Transpose', { x: filter }, { perm });
  const reversed = callKernel(backend, 'Reverse', { x: filter }, { dims: [0, 1] });
  const turned = callKernel(backend, 'Transpose', { x: reversed }, { perm });
  free(backend, reversed);
  return turned;
}

/** Writes gradient pixel (i, j) to (top + i stride, left + j stride) of a zero image; what falls outside is dropped. */
function spreadGradient(
  backend: WasmBackend,
  dy: TensorInfo,
  geometry: Conv2DGeometry,
  top: number,
  left: number,
): TensorInfo {
  const { batch, outChannels, strideHeight, strideWidth } = geometry;
  const height = geometry.inHeight + geometry.filterHeight - 1;
  const width = geometry.inWidth + geometry.filterWidth - 1;
  const shape = [batch, height, width, outChannels];
  const out = backend.makeOutput(shape, 'float32');
  const target = backend.typedArrayFromHeap(out);
  target.fill(0);
  const rows = inside(geometry.outHeight, strideHeight, top, height);
  const columns = inside(geometry.outWidth, strideWidth, left, width);
  const from = rowMajorStrides(dy.shape);
  const to = rowMajorStrides(shape);
  copyBox(
    backend.typedArrayFromHeap(dy),
    rows.first * from[1] + columns.first * from[2],
    from,
    target,
    (top + rows.first * strideHeight) * to[1] + (left + columns.first * strideWidth) * to[2],
    [to[0], to[1] * strideHeight, to[2] * strideWidth, 1],
    [batch, rows.count, columns.count, outChannels],
  );
  return out;
}
