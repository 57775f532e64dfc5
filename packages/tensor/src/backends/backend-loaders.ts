import type { BackendLoader } from './backend-loader';
import type { BackendName } from './backend-names';
import { cpuBackend } from './cpu-backend';
import { nodeBackend, nodeGpuBackend } from './node-backend';
import { wasmBackend } from './wasm-backend';
import { webgpuBackend } from './webgpu-backend';

/** The loader of each backend. */
export const backendLoaders: Readonly<Record<BackendName, BackendLoader>> = {
  'node-gpu': nodeGpuBackend,
  node: nodeBackend,
  webgpu: webgpuBackend,
  wasm: wasmBackend,
  cpu: cpuBackend,
};
