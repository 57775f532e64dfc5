import { Identity } from '@tensorflow/tfjs-core';
import { alias, type WasmKernel } from './wasm-backend';

/**
 * Identity that shares the data, as Reshape does, where the built-in copies it. Safe because buckets are
 * counted (`incRef`, `disposeData`) and no kernel writes to its inputs.
 */
export const identity: WasmKernel = {
  kernelName: Identity,
  make: (builtin) => (call) => {
    const { x } = call.inputs;
    if (x.dtype === 'string' && builtin !== undefined) return builtin(call as never);
    return alias(call.backend, x, x.shape);
  },
};
