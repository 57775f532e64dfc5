import type { Denoiser, Network, Preconditioning } from '@onestep/core';
import { mapParams, tf, type Params, type StepFunction, type Tensor } from '@onestep/tensor';
import { updateEma } from '../ema/ema';
import { perImageGradients } from '../internal/per-image-gradients';
import type { Objective } from '../objectives/objective';
import type { Optimizer } from '../optimizers/optimizer';
import { adversaryGradients, splitGradients, takeTurns } from './adversary';
import { clipGradients, gradientNorm } from './gradient-norm';
import { guidedDenoiser } from './guided';
import { modelOf } from './model';
import { inSlices, type SliceGradients } from './slices';
import { unpackInputs, withPrefix, type UnpackedInputs } from './step-inputs';
import { joinTrainables, splitTrainables } from './trainables';
import { selectState, withinLimits } from './update-limits';

/** What a training step is made from. */
export interface TrainStepOptions {
  readonly objective: Objective;
  readonly network: Pick<Network, 'apply' | 'outputWeight'>;
  /** Of the student and its target. */
  readonly preconditioning: Preconditioning;
  readonly optimizer: Optimizer;
  /** Names of the evaluation averages; default none. */
  readonly emaNames?: readonly string[] | undefined;
  /** Largest norm of all gradients together; default no clipping. */
  readonly clipNorm?: number | undefined;
  /**
   * Turns the frozen weights `teacher` into a denoiser, for objectives that need one. The teacher of an objective in stages
   * is the student's own network with the weights in the state.
   */
  readonly teacher?: ((params: Params) => Denoiser) | undefined;
  /** The teacher is guided by the scalar input `guidance`; default false. */
  readonly guidance?: boolean | undefined;
  /** Slices the batch is differentiated in, one after another, integer >= 1; default 1. */
  readonly accumulation?: number | undefined;
  /** Keeps no activations inside blocks; default false. */
  readonly recompute?: boolean | undefined;
  /**
   * Leaves the state as it is where the loss is above the scalar input `lossLimit`, the norm of the gradients above
   * `gradLimit`, or either not finite; the output `applied` is then 0, else 1. Default false: every update is made.
   */
  readonly limits?: boolean | undefined;
}

/**
 * Makes the step that a runner repeats: targets, loss, gradients, clipping, optimizer, target average, evaluation
 * averages, as one pure function.
 *
 * State groups: `student`, `optimizer.GROUP`, `auxiliary` (if the objective learns something beside the network: its names
 * have the prefix `auxiliary.` in the optimizer's groups), `target` (if it keeps one), `teacher` (if it trains in stages;
 * returned unchanged), `ema.NAME`; with an adversary `adversary` and `adversary.optimizer.GROUP`, and in a step in which it
 * learns all groups of the student but its averages stay as they are, while these go on by images seen. Frozen: `teacher`
 * otherwise. Inputs: as {@link packInputs} makes them, with the scalars `optimizer.NAME`, `targetRate`, `emaRate.NAME` (rate
 * = 1 - decay), `guidance`, `lossLimit`, `gradLimit`, and with an adversary `adversary.learns` and `adversary.teaches` (0 or
 * 1), `adversary.optimizer.NAME`. Outputs: `loss`, `perImage [B]`, `gradNorm` (before clipping), `gradSquares`, one squared
 * norm per trained parameter in the order of `paramNames`, `adversaryNorm` with an adversary, and `applied` with limits.
 *
 * @returns a step that may be run eagerly or compiled; it reads nothing back and branches on no value
 * @throws {@link TypeError} if the objective needs a teacher and none is given, or has both stages and an adversary
 */
export function makeTrainStep(options: TrainStepOptions): StepFunction {
  const { objective, optimizer, emaNames = [], clipNorm, accumulation = 1, limits = false } = options;
  const { needs, adversary, auxiliary: learned = {} } = objective;
  if (needs.teacher === 'frozen' && options.teacher === undefined) {
    throw new TypeError(`makeTrainStep: objective "${objective.name}" needs a teacher, got none.`);
  }
  if (clipNorm !== undefined && !(clipNorm > 0)) {
    throw new RangeError(`makeTrainStep: clipNorm must be > 0, got ${clipNorm}.`);
  }
  if (adversary !== undefined && objective.stage !== undefined) {
    throw new TypeError(`makeTrainStep: objective "${objective.name}" has both stages and an adversary.`);
  }
  const gradientsOf = sliceGradients(options);
  const learns = Object.keys(learned).length > 0;

  return (state, frozen, inputs) => {
    const trained = joinTrainables(state.student, state.auxiliary);
    // Copies made outside of differentiation: no gradient reaches the student through a target that shares its weights.
    const target = needs.target === 'ema' ? state.target : mapParams(state.student, (value) => tf.clone(value));
    const teacher = needs.teacher === 'none' ? undefined : needs.teacher === 'stages' ? state.teacher : frozen.teacher;
    const all = inSlices(inputs, accumulation, (slice) =>
      gradientsOf({ trained, target, teacher, adversary: state.adversary }, unpackInputs(slice)),
    );
    const { perImage } = all;
    const { student: grads, adversary: rivalGrads } = splitGradients(all.grads);
    const { scalars } = unpackInputs(inputs);
    const { squares, norm } = gradientNorm(grads);
    const optimizerState: Record<string, Params> = {};
    for (const group of optimizer.groups) optimizerState[group] = state[`optimizer.${group}`];
    const updated = optimizer.update(
      trained,
      clipNorm === undefined ? grads : clipGradients(grads, norm, clipNorm),
      optimizerState,
      withPrefix(scalars, 'optimizer.'),
    );

    const { network: moved, auxiliary } = splitTrainables(updated.params);
    let next: Record<string, Params> = { student: moved };
    if (learns) next.auxiliary = auxiliary;
    for (const group of optimizer.groups) next[`optimizer.${group}`] = updated.state[group];
    if (needs.target === 'ema') next.target = updateEma(state.target, moved, scalars.targetRate);
    if (adversary !== undefined) next = takeTurns(adversary, next, { state, grads: rivalGrads, scalars });
    for (const name of emaNames) {
      next[`ema.${name}`] = updateEma(state[`ema.${name}`], next.student, scalars[`emaRate.${name}`]);
    }
    const rivalNorm = adversary === undefined ? undefined : gradientNorm(rivalGrads).norm;
    const loss = tf.mean(perImage);
    const within = limits ? withinLimits({ loss, norm, rivalNorm }, scalars) : undefined;
    const kept = within === undefined ? next : selectState(within, next, state);
    return {
      state: needs.teacher === 'stages' ? { ...kept, teacher: state.teacher } : kept,
      outputs: {
        loss,
        perImage,
        gradNorm: norm,
        gradSquares: squares,
        ...(rivalNorm === undefined ? {} : { adversaryNorm: rivalNorm }),
        ...(within === undefined ? {} : { applied: tf.cast(within, 'float32') }),
      },
    };
  };
}

/** Weights that a slice of the batch is differentiated with. */
interface SliceWeights {
  readonly trained: Params;
  readonly target: Params;
  readonly teacher: Params | undefined;
  readonly adversary: Params | undefined;
}

/** Loss per image and gradients of one slice, those of the adversary among them. */
function sliceGradients(options: TrainStepOptions): (weights: SliceWeights, inputs: UnpackedInputs) => SliceGradients {
  const { objective, network, preconditioning, recompute = false, guidance = false } = options;
  const { needs, adversary } = objective;
  // Nothing is differentiated while targets are made, unless by the objective itself: nothing to compute again.
  const plain = modelOf(network, preconditioning);
  const lean = recompute ? modelOf(network, preconditioning, { recompute }) : plain;
  const makeTeacher = options.teacher ?? ((params: Params): Denoiser => plain(params).denoise);

  return ({ trained, target, teacher, adversary: rival }, { batch, scalars }) => {
    const guide = (denoiser: Denoiser): Denoiser => (guidance ? guidedDenoiser(denoiser, scalars.guidance) : denoiser);
    const others = (make: typeof plain) => ({
      ...(needs.target === 'none' ? {} : { target: make(target) }),
      ...(teacher === undefined ? {} : { teacher: guide(makeTeacher(teacher)) }),
      ...(rival === undefined ? {} : { adversary: { params: rival, teaches: scalars['adversary.teaches'] } }),
    });
    const own = splitTrainables(trained);
    // The tidy frees the activations of teacher and target before the student's are made.
    const targets = tf.tidy(
      () =>
        objective.targets({ ...others(plain), student: plain(own.network, own.auxiliary) }, batch) as Record<
          string,
          Tensor
        >,
    );
    const { perImage, grads } = perImageGradients(
      (params) => {
        const { network: weights, auxiliary } = splitTrainables(params);
        return objective.loss(lean(weights, auxiliary), batch, targets, others(lean));
      },
      trained,
      batch.images.shape[0],
    );
    if (adversary === undefined || rival === undefined) return { perImage, grads };
    return { perImage, grads: { ...grads, ...adversaryGradients(adversary, rival, { batch, targets }) } };
  };
}
