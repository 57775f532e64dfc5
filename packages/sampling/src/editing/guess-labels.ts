import { tensorSpace } from '@onestep/core';
import { tf, type Tensor } from '@onestep/tensor';
import { fromDenoiser, type AnyDenoiser } from '../models/from-denoiser';
import type { Model } from '../sampler';
import { eulerAncestral } from '../samplers/euler-ancestral';
import { multistep } from '../samplers/multistep';
import { edit } from './edit';
import { conditionOf, type EditPlan } from './edit-plan';
import { editingSigmas } from './presets';

/** Noise levels at which the classes are compared. */
const levelsCompared = 8;

/** What {@link guessLabels} needs beside the plan. */
export interface GuessOptions {
  readonly numClasses: number;
  readonly sigmaMin?: number | undefined;
  /** Model, with guidance where it is used. */
  readonly network: AnyDenoiser;
  /** The noised start at a level, and unit draw `k`; new tensors, the same for every class. */
  readonly start: (sigma: number) => Tensor;
  readonly noise: (k: number) => Tensor;
  /** Puts the known components in. */
  readonly merge: (x: Tensor) => Tensor;
}

/**
 * Finds the class under which the model agrees best with what is known: the edit is run in a few steps for every class,
 * and the class with the smallest sum of |merge(f) - f|^2 over the steps wins.
 *
 * @returns one class per image; costs `8 numClasses` network calls
 * @remarks The idea of diffusion classifiers, with the estimates held to the known components as in the edit itself.
 * @see Li et al. 2023, Algorithm 1
 */
export async function guessLabels(plan: EditPlan, options: GuessOptions): Promise<number[]> {
  const { numClasses, sigmaMin, start, noise, merge } = options;
  const [sigmaStart] = plan.sigmas;
  const sigmas = editingSigmas(plan.task, plan.kind, {
    sigmaMin,
    sigmaMax: sigmaStart,
    sigmaStart,
    steps: levelsCompared,
  });
  const errors: Float64Array[] = [];
  for (let label = 0; label < numClasses; label += 1) {
    const x = start(sigmas[0]);
    const size = x.shape[0];
    const condition = conditionOf(new Array<number>(size).fill(label), options);
    const parts: Tensor[] = [];
    try {
      const model = recording(fromDenoiser(options.network, condition), { merge, clip: plan.clip, parts });
      // The plan's sampler may be tied to its own levels; these are others.
      const sampler = plan.kind === 'consistency' ? multistep : eulerAncestral;
      const own = plan.kind === 'consistency' ? { sigmaMin: sigmaMin ?? 0.002 } : {};
      const result = await edit(model, x, {
        space: tensorSpace,
        sampler,
        samplerOptions: own,
        sigmas,
        noise,
        merge,
        clip: plan.clip,
      });
      result.dispose();
      const total = new Float64Array(size);
      for (const part of parts) (await part.data()).forEach((error, i) => (total[i] += error));
      errors.push(total);
    } finally {
      tf.dispose([x, ...parts]);
      condition?.labels?.dispose();
    }
  }
  return Array.from(errors[0], (_, image) => {
    const ofImage = errors.map((total) => total[image]);
    return ofImage.indexOf(Math.min(...ofImage));
  });
}

/** A model that leaves |merge(f) - f|^2 of each image in `parts` at every call, for the caller to free. */
function recording(
  model: Model<Tensor>,
  { merge, clip, parts }: Pick<GuessOptions, 'merge'> & Pick<EditPlan, 'clip'> & { readonly parts: Tensor[] },
): Model<Tensor> {
  const record = (output: Tensor): Tensor => {
    const error = tf.tidy(() => {
      const image = tf.clipByValue(output, clip[0], clip[1]);
      return tf.sum(tf.square(tf.sub(merge(image), image)), [1, 2, 3]);
    });
    // Kept from the scope around a synchronous call.
    parts.push(tf.keep(error));
    return output;
  };
  return (x, sigma, target) => {
    const answer = model(x, sigma, target);
    return answer instanceof Promise ? answer.then(record) : record(answer);
  };
}
