import type { Params, StepFunction, StepParts, Tensor1D } from '@onestep/tensor';
import { batchGradients } from './batch-gradients';
import { stateUpdate } from './state-update';
import { withPrefix } from './step-inputs';
import type { TrainStepOptions } from './train-step-options';

/**
 * Makes the step that a runner repeats: the network's own normalisation of its weights if it has one, targets, loss,
 * gradients, clipping, optimizer, target average, evaluation averages, as one pure function.
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
  checkOptions(options);
  const gradientsOf = batchGradients(options);
  const update = stateUpdate(options);
  return (state, frozen, inputs) => {
    const student = keptWeights(options, state.student);
    return update(state, student, gradientsOf({ ...state, student }, frozen, inputs), inputs);
  };
}

const gradientPrefix = 'gradient.';

/**
 * The same step in two, for runners that divide the batch. Gradients are those of the mean loss of a part, under
 * `gradient.NAME`, so that their mean over equal parts is that of the batch, if no image's loss depends on another image.
 *
 * @param options - as for {@link makeTrainStep}
 * @returns `gradients`, whose outputs beside them are `perImage`, and `update`, whose inputs they are, with the scalars
 * @throws {@link TypeError} as {@link makeTrainStep}
 */
export function makeStepParts(options: TrainStepOptions): StepParts {
  checkOptions(options);
  const { needs, adversary, auxiliary = {} } = options.objective;
  const gradientsOf = batchGradients(options);
  const update = stateUpdate(options);
  return {
    weights: [
      'student',
      ...(Object.keys(auxiliary).length > 0 ? ['auxiliary'] : []),
      ...(needs.target === 'ema' ? ['target'] : []),
      ...(needs.teacher === 'stages' ? ['teacher'] : []),
      ...(adversary === undefined ? [] : ['adversary']),
    ],
    gradients(weights, frozen, inputs) {
      const student = keptWeights(options, weights.student);
      const { perImage, grads } = gradientsOf({ ...weights, student }, frozen, inputs);
      const named = Object.entries(grads).map(([name, grad]) => [gradientPrefix + name, grad]);
      return { perImage: { perImage }, means: Object.fromEntries(named) as Params };
    },
    update(state, _, inputs) {
      const student = keptWeights(options, state.student);
      const gradients = { perImage: inputs.perImage as Tensor1D, grads: withPrefix(inputs, gradientPrefix) };
      return update(state, student, gradients, inputs);
    },
  };
}

/** The student's weights as the step reads them. */
function keptWeights({ network }: TrainStepOptions, student: Params): Params {
  return network.normalizeWeights?.(student) ?? student;
}

function checkOptions({ objective, teacher, clipNorm }: TrainStepOptions): void {
  const where = `makeTrainStep: objective "${objective.name}"`;
  if (objective.needs.teacher === 'frozen' && teacher === undefined) {
    throw new TypeError(`${where} needs a teacher, got none.`);
  }
  if (objective.adversary !== undefined && objective.stage !== undefined) {
    throw new TypeError(`${where} has both stages and an adversary.`);
  }
  if (clipNorm !== undefined && !(clipNorm > 0)) {
    throw new RangeError(`makeTrainStep: clipNorm must be > 0, got ${clipNorm}.`);
  }
}
