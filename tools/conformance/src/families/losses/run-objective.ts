import type { Denoiser } from '@onestep/core';
import type { Model, Objective } from '@onestep/training';
import { disposeParams, paramNames, tf, valueAndGrads, type Params, type Scalar, type Tensor } from '@onestep/tensor';
import { compareAll, type Comparison } from '../../compare';
import { type Entry, type GoldenTensor } from '../../golden-json';

/** One loss of a file, ready to be computed. */
export interface LossRun {
  readonly objective: Objective;
  /** The network with its preconditioning, for given weights. */
  readonly model: (params: Params) => Model;
  readonly student: Params;
  /** Weights of the target where they differ from the student's. */
  readonly target?: Params | undefined;
  readonly teacher?: Denoiser | undefined;
  readonly draws: Readonly<Record<string, GoldenTensor | readonly number[]>>;
  readonly entry: Entry;
  /** Key of the stored gradient. */
  readonly gradientKey: 'grad_of_mean_loss' | 'grad_of_loss';
  /** Loss of each image, where the file has it. */
  readonly perSample: readonly number[] | undefined;
  /** Some of the objective's targets, where the file has them. */
  readonly expectedTargets?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** Loss, loss per image and gradients of an objective on the file's draws; frees the weights. */
export async function runObjective(run: LossRun): Promise<Comparison> {
  const { objective, model, student, entry } = run;
  const kept: Tensor[] = [];
  try {
    const images = upload(entry.tensor('x0'));
    const draws = Object.fromEntries(Object.entries(run.draws).map(([name, value]) => [name, upload(value)]));
    kept.push(images, ...Object.values(draws));
    const batch = { images, draws, condition: {} };
    const others = { target: model(run.target ?? student), teacher: run.teacher };
    const targets = tf.tidy(() => objective.targets({ student: model(student), ...others }, batch));
    kept.push(...Object.values(targets));
    let perImage: Tensor | undefined;
    const { value, grads } = valueAndGrads((params) => {
      const losses = objective.loss(model(params), batch, targets, others);
      perImage = tf.keep(losses.clone());
      return tf.mean<Scalar>(losses);
    }, student);
    kept.push(value, ...Object.values(grads));
    if (perImage !== undefined) kept.push(perImage);
    const losses = [...(await value.data())];
    const samples = perImage === undefined ? [] : [...(await perImage.data())];
    const gap = entry.has('float32_gap') ? entry.entry('float32_gap') : undefined;
    const loss = compareAll(
      {
        loss: [losses, [entry.number('loss')]],
        ...(run.perSample === undefined ? {} : { loss_per_sample: [samples, run.perSample] as const }),
      },
      { kind: 'peak', value: Math.max(1e-5, 10 * (gap?.numberOr('loss_relative', 0) ?? 0)) },
    );
    const reached: Record<string, readonly [ArrayLike<number>, ArrayLike<number>]> = {};
    for (const [name, values] of Object.entries(run.expectedTargets ?? {})) {
      reached[name] = [await targets[name].data(), values];
    }
    const target = compareAll(reached, { kind: 'peak', value: 1e-5 });
    if (run.expectedTargets !== undefined && !target.passed) return target;
    const expected = entry.entry(run.gradientKey);
    const gradients: Record<string, readonly [ArrayLike<number>, ArrayLike<number>]> = {};
    for (const name of paramNames(student)) gradients[name] = [await grads[name].data(), expected.numbers(name)];
    const gradient = compareAll(gradients, {
      kind: 'peak',
      value: Math.max(1e-4, 10 * (gap?.numberOr('grad_relative_to_max', 0) ?? 0)),
    });
    return loss.passed ? gradient : loss;
  } finally {
    tf.dispose(kept);
    disposeParams(student);
    if (run.target !== undefined) disposeParams(run.target);
  }
}

function upload(value: GoldenTensor | readonly number[]): Tensor {
  return 'data' in value ? tf.tensor([...value.data], [...value.shape], 'float32') : tf.tensor1d([...value]);
}
