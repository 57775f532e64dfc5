import { registerWasmKernels } from '../kernels/register-wasm-kernels';
import { tf } from '../tf';
import type { BackendLoader } from './backend-loader';
import { exportsOf } from './environment';

/** WebAssembly with SIMD and the kernels of this package; the default where no GPU is at hand. */
export const wasmBackend: BackendLoader = {
  name: 'wasm',
  engineName: 'wasm',
  probe: () =>
    Promise.resolve(typeof WebAssembly === 'object' ? undefined : { reason: 'this runtime has no WebAssembly' }),
  load: async ({ wasmPaths, threads }) => {
    const wasm = exportsOf(await import('@tensorflow/tfjs-backend-wasm'), 'setWasmPaths');
    // Paths and threads are read once, when the backend starts.
    if (!started()) {
      if (wasmPaths !== undefined) wasm.setWasmPaths(wasmPaths);
      if (threads !== undefined) wasm.setThreadsCount(threads);
      if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    }
    registerWasmKernels();
  },
};

function started(): boolean {
  return 'wasm' in (tf.engine() as unknown as { readonly registry: Readonly<Record<string, unknown>> }).registry;
}
