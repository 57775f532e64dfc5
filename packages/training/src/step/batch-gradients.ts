import type { Denoiser } from '@onestep/core';
import { mapParams, tf, type Params, type StepState, type Tensor } from '@onestep/tensor';
import { perImageGradients } from '../internal/per-image-gradients';
import { adversaryGradients } from './adversary';
import { guidedDenoiser } from './guided';
import { modelOf } from './model';
import { inSlices, type SliceGradients } from './slices';
import { unpackInputs, type UnpackedInputs } from './step-inputs';
import type { TrainStepOptions } from './train-step-options';
import { joinTrainables, splitTrainables } from './trainables';

/**
 * The first half of a step: loss per image and gradients of the mean loss of a batch, slice by slice.
 *
 * @returns a function of the weights among the groups of the state, the frozen weights, and the inputs of the step; its
 * gradients are those of everything the optimizer trains, and of the adversary under its own names
 */
export function batchGradients(
  options: TrainStepOptions,
): (weights: StepState, frozen: StepState, inputs: Params) => SliceGradients {
  const { objective, accumulation = 1 } = options;
  const { needs } = objective;
  const gradientsOf = sliceGradients(options);
  return (weights, frozen, inputs) => {
    const { student, auxiliary, adversary } = weights;
    const trained = joinTrainables(student, auxiliary);
    // Copies made outside of differentiation: no gradient reaches the student through a target that shares its weights.
    const target = needs.target === 'ema' ? weights.target : mapParams(student, (value) => tf.clone(value));
    const teacher =
      needs.teacher === 'none' ? undefined : needs.teacher === 'stages' ? weights.teacher : frozen.teacher;
    return inSlices(inputs, accumulation, (slice) =>
      gradientsOf({ trained, target, teacher, adversary }, unpackInputs(slice)),
    );
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
