import { tf } from '@onestep/tensor';

/** Where the time of some work went. */
export interface KernelTimes {
  /** Milliseconds by kernel, as the engine called them: what a kernel calls inside counts as its own. */
  readonly kernels: ReadonlyMap<string, number>;
  /** Milliseconds of everything, kernels or not. */
  readonly totalMs: number;
}

/** Backends whose kernels have done their work when they return; on others a stopwatch around a call measures nothing. */
export const synchronousBackends: readonly string[] = ['wasm', 'cpu'];

/**
 * Runs some work with a stopwatch around every kernel of the current backend.
 *
 * @param work - runs on the current backend
 * @throws {@link RangeError} if the backend's kernels return before their work is done
 * @remarks Not `tf.profile`, which also reads every result back and keeps a list of all kernels with their shapes. The
 * stopwatches cost about a microsecond a call.
 */
export async function kernelTimes(work: () => Promise<void>): Promise<KernelTimes> {
  const backend = tf.getBackend();
  if (!synchronousBackends.includes(backend)) {
    throw new RangeError(`kernelTimes: backend must be one of ${synchronousBackends.join(', ')}, got ${backend}.`);
  }
  const kernels = new Map<string, number>();
  const originals = tf.getKernelsForBackend(backend);
  let depth = 0;
  for (const config of originals) {
    const kernelFunc: tf.KernelFunc = (call) => {
      depth += 1;
      const start = performance.now();
      try {
        return config.kernelFunc(call);
      } finally {
        depth -= 1;
        if (depth === 0) {
          kernels.set(config.kernelName, (kernels.get(config.kernelName) ?? 0) + performance.now() - start);
        }
      }
    };
    replaceKernel({ ...config, kernelFunc });
  }
  try {
    const start = performance.now();
    await work();
    return { kernels, totalMs: performance.now() - start };
  } finally {
    originals.forEach(replaceKernel);
  }
}

/** Shares of the total in percent, largest first; what is no kernel (tape, uploads, JavaScript) is `outside kernels`. */
export function kernelShares({ kernels, totalMs }: KernelTimes): [name: string, percent: number][] {
  const inKernels = [...kernels.values()].reduce((sum, ms) => sum + ms, 0);
  return [...kernels, ['outside kernels', totalMs - inKernels] as const]
    .map(([name, ms]): [string, number] => [name, (100 * ms) / totalMs])
    .sort((a, b) => b[1] - a[1]);
}

function replaceKernel(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, config.backendName);
  tf.registerKernel(config);
}
