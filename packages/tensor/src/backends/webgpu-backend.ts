import type { Absence, BackendLoader } from './backend-loader';
import { importOptional, isInstalled, isNode } from './environment';

/** The little of WebGPU that probing needs. */
interface Gpu {
  requestAdapter(options?: object): Promise<GpuAdapter | null>;
}
interface GpuAdapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean };
}

/** WebGPU: of the browser, or in Node of Dawn through the optional peer webgpu. */
export const webgpuBackend: BackendLoader = {
  name: 'webgpu',
  engineName: 'webgpu',
  probe: async () => {
    const gpu = await findGpu();
    if ('reason' in gpu) return gpu;
    // tfjs would throw a TypeError on a missing adapter.
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
    if (adapter === null) return { reason: 'no GPU adapter was found; a driver may be missing' };
    const isFallback = adapter.isFallbackAdapter ?? adapter.info?.isFallbackAdapter ?? false;
    return isFallback ? { reason: 'the only adapter is a software fallback', onlyOnRequest: true } : undefined;
  },
  load: async () => {
    await findGpu();
    await import('@tensorflow/tfjs-backend-webgpu');
  },
};

async function findGpu(): Promise<Gpu | Absence> {
  const present = currentGpu();
  if (present !== undefined) return present;
  if (!isNode()) return { reason: 'this browser has no navigator.gpu' };
  if (!(await isInstalled('webgpu'))) {
    return { reason: 'the package webgpu is not installed', command: 'npm install webgpu' };
  }
  try {
    const dawn = (await importOptional('webgpu')) as { create(flags: string[]): Gpu; globals: object };
    Object.assign(globalThis, dawn.globals);
    const gpu = dawn.create([]);
    // Node 20 has no navigator, later ones have one without gpu. tfjs looks for it when it is imported.
    if (typeof navigator === 'undefined') {
      Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true });
    } else {
      Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
    }
    return gpu;
  } catch (cause) {
    return { reason: `the package webgpu does not load (${cause instanceof Error ? cause.message : String(cause)})` };
  }
}

function currentGpu(): Gpu | undefined {
  if (typeof navigator === 'undefined') return undefined;
  return (navigator as { readonly gpu?: Gpu }).gpu;
}
