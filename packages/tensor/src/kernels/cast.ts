import { Cast, type DataType, type TensorInfo } from '@tensorflow/tfjs-core';
import { alias, type WasmCall, type WasmKernel } from './wasm-backend';

/** Cast that shares the data when the type stays, and makes booleans 0 or 1 (the built-in keeps the low byte). */
export const cast: WasmKernel = {
  kernelName: Cast,
  make: () => castOnWasm,
};

function castOnWasm({ inputs: { x }, attrs, backend }: WasmCall): TensorInfo {
  const dtype = attrs.dtype as DataType;
  if (x.dtype === dtype) return alias(backend, x, x.shape);
  const out = backend.makeOutput(x.shape, dtype);
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(out);
  if (dtype === 'bool') for (let i = 0; i < to.length; i += 1) to[i] = from[i] === 0 ? 0 : 1;
  else to.set(from);
  return out;
}
