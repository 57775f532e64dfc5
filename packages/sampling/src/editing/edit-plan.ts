import type { Condition } from '@onestep/core';
import { toTensor, type Tensor2D } from '@onestep/tensor';
import { oneHotLabels } from '../images/one-hot-labels';
import type { AnyDenoiser } from '../models/from-denoiser';
import type { Sampler } from '../sampler';
import { eulerAncestral } from '../samplers/euler-ancestral';
import { heun } from '../samplers/heun';
import { multistep } from '../samplers/multistep';
import type { EditImagesOptions } from './edit-images';
import { editingSigmas, type EditingTask } from './presets';

/** Model, sampler and levels that go together. */
export interface EditPlan {
  readonly task: EditingTask;
  readonly kind: 'consistency' | 'denoiser';
  readonly network: AnyDenoiser;
  readonly sampler: Sampler;
  readonly sigmas: readonly number[];
  readonly samplerOptions: object;
  readonly clip: readonly [low: number, high: number];
}

/**
 * Completes what a caller left open.
 *
 * @param keeps - whether something of the image is known
 * @throws TypeError if model and sampler do not fit
 */
export function editPlan(task: EditingTask, keeps: boolean, options: EditImagesOptions): EditPlan {
  const { denoiser, consistencyFunction, sigmaMin = 0.002, sigmaMax = 80, clip = [-1, 1] } = options;
  const kind = consistencyFunction === undefined ? 'denoiser' : 'consistency';
  const network = consistencyFunction ?? denoiser;
  if (network === undefined) throw new TypeError(`${task}: pass a consistencyFunction or a denoiser.`);
  // Fresh noise lets the generated part follow the known one; without a known part the ODE stays nearest to the start.
  const solver = keeps ? eulerAncestral : heun;
  const sampler = options.sampler ?? (kind === 'consistency' ? multistep : solver);
  if (sampler.accepts !== kind) {
    const wanted = sampler.accepts === 'consistency' ? 'consistency function' : sampler.accepts;
    throw new TypeError(
      `${task}: sampler "${sampler.name}" needs a ${wanted}, and the model is ${kind === 'consistency' ? 'a consistency function' : 'a denoiser'}.`,
    );
  }
  if (sampler.couplesBatch === true) {
    throw new TypeError(
      `${task}: with sampler "${sampler.name}" an image depends on those beside it. Choose one whose steps are fixed.`,
    );
  }
  const sigmas = options.sigmas ?? editingSigmas(task, kind, { sigmaMin, sigmaMax });
  // Algorithm 4 adds sqrt(sigma^2 - sigmaMin^2) z between levels.
  const own = kind === 'consistency' ? { sigmaMin } : {};
  return { task, kind, network, sampler, sigmas, clip, samplerOptions: { ...own, ...options.samplerOptions } };
}

/** The condition for these classes, one per image, for a model that has any; the caller frees its labels. */
export function conditionOf(
  labels: readonly (number | undefined)[],
  { numClasses = 0 }: Pick<EditImagesOptions, 'numClasses'>,
): Condition | undefined {
  return numClasses === 0 ? undefined : { labels: toTensor(oneHotLabels(labels, numClasses)) as Tensor2D };
}
