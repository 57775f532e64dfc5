import {
  backendNames,
  eagerRunner,
  OnestepError,
  useBackend,
  type BackendName,
  type StepRunnerFactory,
} from '@onestep/tensor';
import { Option } from 'commander';
import { availableParallelism } from 'node:os';
import type { Output } from '../output/output';

/** The backend flag that every computing command has. */
export const backendOption = new Option('--backend <name>', 'where tensors live')
  .choices(['auto', ...backendNames])
  .default('auto');

/** The flag that keeps a training on the backend, op by op. */
export const noCompileOption = new Option(
  '--no-compile',
  'run steps op by op on the backend instead of compiling them',
);

/** What computing commands are told about engines. */
export interface EngineFlags {
  readonly backend: BackendName | 'auto';
  readonly compile: boolean;
}

/** What executes graphs and steps, once the flags and the machine are known. */
export interface Engine {
  readonly runnerFactory: StepRunnerFactory;
  /** The backend that tensors live on. */
  readonly backend: BackendName;
  /** Whether networks may be compiled for sampling. */
  readonly compile: boolean;
}

/**
 * Chooses what computes: a compiled graph where an inference runtime is installed, else the backend, op by op. A backend
 * with a GPU of its own is left to do the work itself.
 */
export async function startEngine({ backend, compile }: EngineFlags, output: Output): Promise<Engine> {
  const chosen = await useBackend(backend);
  const eager = { runnerFactory: eagerRunner, backend: chosen, compile: false };
  if (!compile || (chosen !== 'wasm' && chosen !== 'cpu')) return eager;
  const { chooseExecutor, compiledRunner } = await import('@onestep/compile');
  try {
    // Left to itself the runtime counts physical cores, which are half of the truth on most cloud machines.
    const executor = await chooseExecutor({ threads: availableParallelism() });
    return { runnerFactory: compiledRunner({ executor }), backend: chosen, compile: true };
  } catch (error) {
    if (!(error instanceof OnestepError) || error.code !== 'missing-backend') throw error;
    output.line(`Computing op by op on ${chosen}. ${error.message}`);
    return eager;
  }
}
