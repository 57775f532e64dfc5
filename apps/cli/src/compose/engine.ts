import {
  backendNames,
  eagerRunner,
  OnestepError,
  useBackend,
  type BackendName,
  type StepRunnerFactory,
} from '@onestep/tensor';
import { Option } from 'commander';
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

/** Starts the backend and returns the one chosen. */
export function startEngine(name: BackendName | 'auto'): Promise<BackendName> {
  return useBackend(name);
}

/**
 * Chooses what executes training steps: a compiled graph where an inference runtime is installed, else the backend, op by
 * op. A backend with a GPU of its own is left to do the work itself.
 */
export async function startTrainingEngine(
  { backend, compile }: EngineFlags,
  output: Output,
): Promise<StepRunnerFactory> {
  const chosen = await startEngine(backend);
  if (!compile || (chosen !== 'wasm' && chosen !== 'cpu')) return eagerRunner;
  const { chooseExecutor, compiledRunner } = await import('@onestep/compile');
  try {
    return compiledRunner({ executor: await chooseExecutor() });
  } catch (error) {
    if (!(error instanceof OnestepError) || error.code !== 'missing-backend') throw error;
    output.line(`Steps run op by op on ${chosen}. ${error.message}`);
    return eagerRunner;
  }
}
