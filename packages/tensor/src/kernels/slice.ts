import { backend_util, Slice, slice_util, SplitV, util, type TensorInfo } from '@tensorflow/tfjs-core';
import { copyBox, rowMajorStrides } from './copy-box';
import type { WasmBackend, WasmCall, WasmKernel } from './wasm-backend';

/** Slice that reads the heap in place: the built-in first copies the whole source tensor. */
export const slice: WasmKernel = {
  kernelName: Slice,
  make: (builtin) => (call) => {
    const { x } = call.inputs;
    if (x.dtype === 'string' && builtin !== undefined) return builtin(call as never);
    const { begin, size } = call.attrs as { begin: number[]; size: number[] };
    const [first, extent] = slice_util.parseSliceParams(x, begin, size);
    slice_util.assertParamsValid(x, first, extent);
    return sliceOnWasm(call.backend, x, first, extent);
  },
};

/** Split by the same copy, one part after the other. */
export const splitV: WasmKernel = {
  kernelName: SplitV,
  make: (builtin) => (call: WasmCall) => {
    const { x } = call.inputs;
    if (x.dtype === 'string' && builtin !== undefined) return builtin(call as never);
    const axis = util.parseAxisParam(call.attrs.axis as number, x.shape)[0];
    const sizes = backend_util.prepareSplitSize(x, call.attrs.numOrSizeSplits as number[], axis);
    const begin = x.shape.map(() => 0);
    return sizes.map((length) => {
      const size = [...x.shape];
      size[axis] = length;
      const part = sliceOnWasm(call.backend, x, begin, size);
      begin[axis] += length;
      return part;
    });
  },
};

/** `x[begin : begin + size]` as a new tensor. */
export function sliceOnWasm(
  backend: WasmBackend,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
): TensorInfo {
  // The output first: allocation may grow the heap and detach earlier views of it.
  const out = backend.makeOutput(size, x.dtype);
  const strides = rowMajorStrides(x.shape);
  const start = begin.reduce((sum, position, axis) => sum + position * strides[axis], 0);
  copyBox(
    backend.typedArrayFromHeap(x),
    start,
    strides,
    backend.typedArrayFromHeap(out),
    0,
    rowMajorStrides(size),
    size,
  );
  return out;
}
