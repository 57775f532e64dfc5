import { Mean, Sum, util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmCall, WasmKernel } from './wasm-backend';

/** Sum over neighbouring axes in front of others; see {@link reduction}. */
export const sum: WasmKernel = reduction(Sum, () => 1);

/** Mean over neighbouring axes in front of others; see {@link reduction}. */
export const mean: WasmKernel = reduction(Mean, (count) => 1 / count);

/**
 * Reduction of `[outer, count, inner]` over the middle, row by row: the statistics of a norm and the gradient of a bias. The
 * built-in first transposes the whole tensor. Sums in double precision.
 */
function reduction(kernelName: string, factor: (count: number) => number): WasmKernel {
  return {
    kernelName,
    make: (builtin) => (call) => {
      const { x } = call.inputs;
      const axes = util.parseAxisParam(call.attrs.axis as number | number[], x.shape).sort((a, b) => a - b);
      const first = axes[0] ?? 0;
      const neighbours = axes.every((axis, i) => axis === first + i);
      const inner = util.sizeFromShape(x.shape.slice(first + axes.length));
      // With nothing behind the reduced axes the built-in has nothing to transpose.
      const ours = x.dtype === 'float32' && axes.length > 0 && neighbours && inner > 1;
      if (!ours && builtin !== undefined) return builtin(call as never);
      return reduceRows(call, axes, inner, factor);
    },
  };
}

function reduceRows(
  { inputs: { x }, attrs, backend }: WasmCall,
  axes: readonly number[],
  inner: number,
  factor: (count: number) => number,
): TensorInfo {
  const shape = x.shape.flatMap((extent, axis) =>
    axes.includes(axis) ? (attrs.keepDims === true ? [1] : []) : [extent],
  );
  const outer = util.sizeFromShape(x.shape.slice(0, axes[0]));
  const count = util.sizeFromShape(axes.map((axis) => x.shape[axis]));
  const out = backend.makeOutput(shape, 'float32');
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(out);
  const sums = new Float64Array(inner);
  const scale = factor(count);
  let position = 0;
  for (let block = 0; block < outer; block += 1) {
    sums.fill(0);
    const end = position + count * inner;
    // Four rows at a time: a quarter of the traffic to the sums.
    for (; position + 4 * inner <= end; position += 4 * inner) {
      for (let i = 0, p = position; i < inner; i += 1, p += 1) {
        sums[i] += from[p] + from[p + inner] + (from[p + 2 * inner] + from[p + 3 * inner]);
      }
    }
    for (; position < end; position += inner) {
      for (let i = 0; i < inner; i += 1) sums[i] += from[position + i];
    }
    for (let i = 0; i < inner; i += 1) to[block * inner + i] = sums[i] * scale;
  }
  return out;
}
