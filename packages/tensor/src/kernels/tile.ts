import { Tile, type TensorInfo } from '@tensorflow/tfjs-core';
import { copyBox, rowMajorStrides } from './copy-box';
import type { WasmCall, WasmKernel } from './wasm-backend';

/** Repetition by copying whole runs; the built-in computes every index by division and is 50 times slower. */
export const tile: WasmKernel = {
  kernelName: Tile,
  make: (builtin) => (call) => {
    if (call.inputs.x.dtype === 'string' && builtin !== undefined) return builtin(call as never);
    return tileOnWasm(call);
  },
};

function tileOnWasm({ inputs: { x }, attrs, backend }: WasmCall): TensorInfo {
  const reps = attrs.reps as number[];
  const shape = x.shape.map((extent, axis) => extent * reps[axis]);
  const out = backend.makeOutput(shape, x.dtype);
  const to = backend.typedArrayFromHeap(out);
  const from = backend.typedArrayFromHeap(x);
  const fromStrides = rowMajorStrides(x.shape);
  const toStrides = rowMajorStrides(shape);
  // One copy of x for each combination of repetitions.
  const place = (axis: number, start: number): void => {
    if (axis === reps.length) {
      copyBox(from, 0, fromStrides, to, start, toStrides, x.shape);
      return;
    }
    for (let rep = 0; rep < reps[axis]; rep += 1) place(axis + 1, start + rep * x.shape[axis] * toStrides[axis]);
  };
  place(0, 0);
  return out;
}
