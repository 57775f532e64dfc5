import { OnestepError } from '@onestep/tensor';
import type { Executor } from './executor';
import { channelBlockOf } from './channel-block';
import { ortExecutor } from './ort-executor';
import { ortExports, type OrtModule } from './ort-module';

/** Options of {@link ortNode}. */
export interface OrtNodeOptions {
  /** Execution provider; default `cpu`. `cuda` needs ONNX Runtime's CUDA libraries, which its package does not bring. */
  readonly provider?: 'cpu' | 'webgpu' | 'cuda';
  /** Threads of one operator; default all physical cores, as ONNX Runtime counts them. Results depend on it in the last bits. */
  readonly threads?: number;
  /**
   * Measures every operator of every run, CPU provider only: when a session is disposed of, ONNX Runtime writes a file whose path begins with
   * this, one JSON list of events. Slows runs down a little.
   */
  readonly profileTo?: string | undefined;
  /** The module, for programs that import it themselves. */
  readonly ort?: unknown;
}

const providerNames = { cpu: 'CPU', webgpu: 'WebGPU', cuda: 'CUDA' } as const;

/**
 * ONNX Runtime in Node.
 *
 * @throws OnestepError (`missing-backend`) if the optional peer `onnxruntime-node` is not installed
 */
export async function ortNode({
  provider = 'cpu',
  threads,
  profileTo,
  ort: given,
}: OrtNodeOptions = {}): Promise<Executor> {
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new RangeError(`ortNode: threads must be an integer >= 1, got ${threads}.`);
  }
  const ort = given === undefined ? await importOrtNode() : ortExports(given);
  const version = (ort.env.versions?.node ?? ort.env.versions?.common ?? '').split('.').slice(0, 2).join('.');
  const count = threads === undefined ? '' : `, ${threads} thread${threads === 1 ? '' : 's'}`;
  return ortExecutor({
    ort,
    target: provider,
    channelBlock: provider === 'cpu' ? await channelBlockOf(ort) : 0,
    description: `ONNX Runtime ${version} (${providerNames[provider]}${provider === 'cpu' ? count : ''})`,
    writesInPlace: provider === 'cpu',
    sessionOptions: {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(profileTo === undefined ? {} : { enableProfiling: true, profileFilePrefix: profileTo }),
      // Patterns plan all buffers of a run at once: no faster here, and twice the memory.
      enableMemPattern: false,
      logSeverityLevel: 3,
    },
  });
}

async function importOrtNode(): Promise<OrtModule> {
  // Kept from bundlers: this package is for Node alone, and optional there.
  const name = 'onnxruntime-node';
  try {
    return ortExports(await import(/* @vite-ignore */ /* webpackIgnore: true */ name));
  } catch (cause) {
    throw new OnestepError(
      'missing-backend',
      'compile: the package onnxruntime-node is not installed. Run: npm install onnxruntime-node --ignore-scripts',
      { cause },
    );
  }
}
