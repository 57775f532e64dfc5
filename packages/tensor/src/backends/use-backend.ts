import { OnestepError } from '../errors';
import { assertSingleEngine } from '../internal/single-engine';
import { tf } from '../tf';
import type { Absence, BackendLoader } from './backend-loader';
import { backendLoaders } from './backend-loaders';
import { backendNames, type BackendName, type BackendOptions } from './backend-names';

/**
 * Chooses where tensors live and computations run, and waits until it is ready. Tensors made before move over when
 * they are next used.
 *
 * @param name - a backend, or `auto`: the first of node-gpu, node, webgpu (real GPUs only), wasm, cpu that starts here
 * @param options - `wasmPaths`, `threads`
 * @returns the backend that is in use now
 * @throws {@link OnestepError} `missing-backend` with the reason and, where there is one, the command that adds it;
 *   `two-engines` if a second copy of tfjs-core is loaded
 * @throws {@link RangeError} for an unknown name or a thread count below 1
 * @example
 * ```ts
 * const name = await useBackend('auto');
 * ```
 */
export async function useBackend(
  name: BackendName | 'auto' = 'auto',
  options: BackendOptions = {},
): Promise<BackendName> {
  const { threads } = options;
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new RangeError(`useBackend: threads must be an integer >= 1, got ${threads}.`);
  }
  assertSingleEngine();
  if (name === 'auto') return useFirst(options);
  if (!Object.hasOwn(backendLoaders, name)) {
    throw new RangeError(`useBackend: unknown backend "${name as string}", expected auto, ${backendNames.join(', ')}.`);
  }
  const loader = backendLoaders[name];
  const absence = await loader.probe();
  if (absence !== undefined && absence.onlyOnRequest !== true) throw missing(name, absence);
  await start(loader, options);
  return name;
}

async function useFirst(options: BackendOptions): Promise<BackendName> {
  let last: unknown;
  for (const name of backendNames) {
    const loader = backendLoaders[name];
    if ((await loader.probe()) !== undefined) continue;
    try {
      await start(loader, options);
      return name;
    } catch (error) {
      if (error instanceof OnestepError && error.code === 'two-engines') throw error;
      last = error;
    }
  }
  throw last;
}

async function start(loader: BackendLoader, options: BackendOptions): Promise<void> {
  await loader.load(options);
  // Loading may have brought a second tfjs-core along.
  assertSingleEngine();
  let started = false;
  let cause: unknown;
  try {
    started = await tf.setBackend(loader.engineName);
  } catch (error) {
    cause = error;
  }
  if (started) return;
  const reason = cause instanceof Error ? `it does not start (${cause.message})` : 'it does not start';
  throw missing(loader.name, { reason }, cause);
}

function missing(name: BackendName, { reason, command }: Absence, cause?: unknown): OnestepError {
  const help = command === undefined ? 'Choose another one, or "auto".' : `Run "${command}".`;
  return new OnestepError('missing-backend', `useBackend: the backend ${name} cannot be used: ${reason}. ${help}`, {
    details: { backend: name, reason, ...(command === undefined ? {} : { command }) },
    cause,
  });
}
