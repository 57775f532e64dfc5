import { ClipByValue, type TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmCall, WasmKernel } from './wasm-backend';

/** Clipping that lets NaN through: the built-in turns it into the lower bound and so hides a diverged run. */
export const clipByValue: WasmKernel = {
  kernelName: ClipByValue,
  make: () => clipOnWasm,
};

function clipOnWasm({ inputs: { x }, attrs, backend }: WasmCall): TensorInfo {
  const low = attrs.clipValueMin as number;
  const high = attrs.clipValueMax as number;
  const out = backend.makeOutput(x.shape, x.dtype);
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(out);
  for (let i = 0; i < to.length; i += 1) {
    const value = from[i];
    to[i] = value < low ? low : value > high ? high : value;
  }
  return out;
}
