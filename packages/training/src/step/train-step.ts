import type { Denoiser, Network, Preconditioning } from '@onestep/core';
import { mapParams, tf, type Params, type StepFunction } from '@onestep/tensor';
import { updateEma } from '../ema/ema';
import { perImageGradients } from '../internal/per-image-gradients';
import type { Objective } from '../objectives/objective';
import type { Optimizer } from '../optimizers/optimizer';
import { modelOf } from './model';
import { clipGradients, gradientNorm } from './gradient-norm';
import { unpackInputs, withPrefix } from './step-inputs';

/** What a training step is made from. */
export interface TrainStepOptions {
  readonly objective: Objective;
  readonly network: Pick<Network, 'apply'>;
  /** Of the student and its target. */
  readonly preconditioning: Preconditioning;
  readonly optimizer: Optimizer;
  /** Names of the evaluation averages; default none. */
  readonly emaNames?: readonly string[] | undefined;
  /** Largest norm of all gradients together; default no clipping. */
  readonly clipNorm?: number | undefined;
  /** Turns the frozen weights `teacher` into a denoiser, for objectives that need one. */
  readonly teacher?: ((params: Params) => Denoiser) | undefined;
}

/**
 * Makes the step that a runner repeats: targets, loss, gradients, clipping, optimizer, target average, evaluation
 * averages, as one pure function.
 *
 * State groups: `student`, `optimizer.GROUP`, `target` (if the objective keeps one), `ema.NAME`. Frozen: `teacher`.
 * Inputs: as {@link packInputs} makes them, with the scalars `optimizer.NAME`, `targetRate` and `emaRate.NAME`
 * (rate = 1 - decay). Outputs: `loss`, `perImage [B]`, `gradNorm` (before clipping) and `gradSquares`, one squared norm
 * per parameter in the order of `paramNames`.
 *
 * @returns a step that may be run eagerly or compiled; it reads nothing back and branches on no value
 * @throws {@link TypeError} if the objective needs a teacher and none is given
 */
export function makeTrainStep(options: TrainStepOptions): StepFunction {
  const { objective, network, preconditioning, optimizer, emaNames = [], clipNorm } = options;
  const makeTeacher = options.teacher;
  if (objective.needs.teacher !== 'none' && makeTeacher === undefined) {
    throw new TypeError(`makeTrainStep: objective "${objective.name}" needs a teacher, got none.`);
  }
  if (clipNorm !== undefined && !(clipNorm > 0)) {
    throw new RangeError(`makeTrainStep: clipNorm must be > 0, got ${clipNorm}.`);
  }
  const makeStudent = modelOf(network, preconditioning);

  return (state, frozen, inputs) => {
    const { images, draws, condition, scalars } = unpackInputs(inputs);
    const batch = { images, draws, condition };
    const student = state.student;
    // Copies made outside of differentiation: no gradient reaches the student through a target that shares its weights.
    const targetParams =
      objective.needs.target === 'ema' ? state.target : mapParams(student, (value) => tf.clone(value));
    const others = {
      ...(objective.needs.target === 'none' ? {} : { target: makeStudent(targetParams) }),
      ...(makeTeacher !== undefined && objective.needs.teacher !== 'none'
        ? { teacher: makeTeacher(frozen.teacher) }
        : {}),
    };
    // The tidy frees the activations of teacher and target before the student's are made.
    const targets = tf.tidy(
      () => objective.targets({ ...others, student: makeStudent(student) }, batch) as Record<string, tf.Tensor>,
    );
    const { perImage, grads } = perImageGradients(
      (params) => objective.loss(makeStudent(params), batch, targets, others),
      student,
      images.shape[0],
    );
    const { squares, norm } = gradientNorm(grads);
    const optimizerState: Record<string, Params> = {};
    for (const group of optimizer.groups) optimizerState[group] = state[`optimizer.${group}`];
    const moved = optimizer.update(
      student,
      clipNorm === undefined ? grads : clipGradients(grads, norm, clipNorm),
      optimizerState,
      withPrefix(scalars, 'optimizer.'),
    );

    const next: Record<string, Params> = { student: moved.params };
    for (const group of optimizer.groups) next[`optimizer.${group}`] = moved.state[group];
    if (objective.needs.target === 'ema') next.target = updateEma(state.target, moved.params, scalars.targetRate);
    for (const name of emaNames) {
      next[`ema.${name}`] = updateEma(state[`ema.${name}`], moved.params, scalars[`emaRate.${name}`]);
    }
    return {
      state: next,
      outputs: { loss: tf.mean(perImage), perImage, gradNorm: norm, gradSquares: squares },
    };
  };
}
