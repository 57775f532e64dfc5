import type { Network } from '@onestep/core';
import { OnestepError, parallelRunner, type StepRunnerFactory } from '@onestep/tensor';
import { workerCrew } from '@onestep/tensor/node';
import type { Recipe } from '@onestep/training';
import { Option } from 'commander';
import { availableParallelism } from 'node:os';
import { integerIn } from '../options';
import type { GradientWork } from '../workers/work';
import type { Engine } from './engine';
import type { Teacher } from './teacher';

/** The flag that divides batches among threads. */
export const workersOption = new Option('--workers <n>', 'divide every batch among so many workers on this machine')
  .argParser(integerIn(1, 256))
  .default(1);

/**
 * What executes the steps of a run: the engine alone, or workers that compute the gradients of a part of each batch.
 *
 * @throws OnestepError `invalid-recipe` if the batch cannot be divided, `unsupported` on a backend that computes
 * elsewhere than in threads of the processor
 */
export function trainingRunner(
  { recipe, network, teacher }: { readonly recipe: Recipe; readonly network: Network; readonly teacher?: Teacher | undefined }, // prettier-ignore
  { engine, workers = 1 }: { readonly engine?: Engine | undefined; readonly workers?: number | undefined },
): StepRunnerFactory | undefined {
  if (engine === undefined || workers === 1) return engine?.runnerFactory;
  const { backend, compile } = engine;
  if (backend !== 'wasm' && backend !== 'cpu') {
    throw new OnestepError(
      'unsupported',
      `--workers divides work among threads of the processor; backend ${backend} does not compute there. Leave it out.`,
    );
  }
  const { batchSize, accumulation } = recipe;
  if (batchSize % (workers * accumulation) !== 0) {
    const slices = accumulation === 1 ? '' : ` and ${accumulation} slices each`;
    throw new OnestepError(
      'invalid-recipe',
      `--workers ${workers}: a batch of ${batchSize} cannot be divided into ${workers} parts${slices}.`,
    );
  }
  const work: GradientWork = {
    recipe,
    network: { name: network.name, config: network.config },
    teacher: teacher?.path,
    backend,
    compile,
    threads: Math.max(1, Math.floor(availableParallelism() / workers)),
  };
  const crew = workerCrew({ file: new URL('./workers/gradients.js', import.meta.url), data: work, size: workers });
  return parallelRunner({ crew, runnerFactory: engine.runnerFactory });
}
