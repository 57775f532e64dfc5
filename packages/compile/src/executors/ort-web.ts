import { OnestepError } from '@onestep/tensor';
import type { Executor } from './executor';
import { ortExecutor } from './ort-executor';
import { ortExports, type OrtModule } from './ort-module';

/** Options of {@link ortWeb}. */
export interface OrtWebOptions {
  /** Execution provider; default `wasm`. */
  readonly provider?: 'wasm' | 'webgpu';
  /** Threads of the wasm provider; more than one needs a cross-origin isolated page. Default 1. */
  readonly threads?: number;
  /**
   * The module, for programs whose bundler must see the import: `import * as ort from 'onnxruntime-web'`, and for WebGPU
   * from `'onnxruntime-web/webgpu'` (the provider in the other build fails on some convolutions).
   */
  readonly ort?: unknown;
}

/**
 * ONNX Runtime in a browser.
 *
 * @throws OnestepError (`missing-backend`) if the optional peer `onnxruntime-web` cannot be imported
 */
export async function ortWeb({ provider = 'wasm', threads = 1, ort: given }: OrtWebOptions = {}): Promise<Executor> {
  const ort = given === undefined ? await importOrtWeb(provider) : ortExports(given);
  if (ort.env.wasm !== undefined) ort.env.wasm.numThreads = threads;
  const version = (ort.env.versions?.web ?? ort.env.versions?.common ?? '').split('.').slice(0, 2).join('.');
  const where = provider === 'wasm' ? `wasm, ${threads} thread${threads === 1 ? '' : 's'}` : 'WebGPU';
  return ortExecutor({
    ort,
    target: provider,
    channelBlock: 0,
    description: `ONNX Runtime ${version} (${where})`,
    // The wasm build has a memory of its own and copies results out of it.
    writesInPlace: false,
    sessionOptions: {
      executionProviders: provider === 'webgpu' ? ['webgpu', 'wasm'] : ['wasm'],
      enableMemPattern: false,
      logSeverityLevel: 3,
    },
  });
}

async function importOrtWeb(provider: 'wasm' | 'webgpu'): Promise<OrtModule> {
  const name = provider === 'webgpu' ? 'onnxruntime-web/webgpu' : 'onnxruntime-web';
  try {
    return ortExports(await import(/* @vite-ignore */ name));
  } catch (cause) {
    throw new OnestepError(
      'missing-backend',
      'compile: the package onnxruntime-web is not installed, or the bundler did not see it. ' +
        `Run: npm install onnxruntime-web, and pass { ort: await import('${name}') }`,
      { cause },
    );
  }
}
