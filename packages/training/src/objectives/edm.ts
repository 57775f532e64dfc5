import { l2Distance, weighting, type WeightingName } from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import { noised } from '../internal/noised';
import { drawLognormalSigma, drawNoise, perImageTensor } from './image-draws';
import { adaptivelyWeighted, harmonicLogWeight } from './log-weight';
import type { Objective } from './objective';

/** Options of {@link edmObjective}. */
export interface EdmObjectiveOptions {
  /** Mean and std of ln sigma; default -1.2 and 1.2. */
  readonly pMean?: number | undefined;
  readonly pStd?: number | undefined;
  /** lambda(sigma); default `karras`, sigma^-2 + sigmaData^-2. */
  readonly weighting?: WeightingName | undefined;
  /** Std of the data, > 0; default 0.5. */
  readonly sigmaData?: number | undefined;
  /** Over the elements of an image; default `mean`. `sum` is what EDM's released code does. */
  readonly reduction?: 'mean' | 'sum' | undefined;
  /**
   * Learns beside the network the logarithm w of a weight per noise level, so that every level contributes alike whatever
   * its loss (EDM2's uncertainty u = -w); default false.
   */
  readonly adaptiveWeighting?: boolean | undefined;
}

/**
 * Denoising score matching as EDM trains a teacher: lambda(sigma) ||D(x0 + sigma n, sigma) - x0||^2, ln sigma normal; with
 * adaptive weighting e^w lambda(sigma) ||D - x0||^2 - w, w a function of sigma.
 *
 * Draws: `noise [B, ...]`, `sigma [B]`, `weight [B]`.
 *
 * @remarks EDM's code sums over the elements of an image, OpenAI's averages; Adam is invariant to that factor, clipping
 * and the first steps of RAdam are not. Default: the mean.
 * @see Karras et al. 2022, Eq. 108 and Table 1; Karras et al. 2024, Eq. 21 (adaptive weighting)
 */
export function edmObjective(options: EdmObjectiveOptions = {}): Objective {
  const { pMean = -1.2, pStd = 1.2, sigmaData = 0.5, reduction = 'mean', adaptiveWeighting = false } = options;
  const weigh = weighting(options.weighting ?? 'karras', { sigmaData });
  const head = adaptiveWeighting ? harmonicLogWeight() : undefined;
  return {
    name: 'edm',
    needs: { teacher: 'none', target: 'none' },
    auxiliary: head?.shapes,
    curriculum: () => ({}),
    draws(request) {
      const sigma = drawLognormalSigma(request, pMean, pStd);
      return {
        noise: drawNoise(request),
        sigma: perImageTensor(sigma),
        weight: perImageTensor(weigh.batch(sigma)),
      };
    },
    targets: () => ({}),
    loss(student, { images, draws, condition }) {
      const sigma = draws.sigma as Tensor1D;
      const denoised = student.denoise(noised(images, draws.noise, sigma), sigma, condition);
      const distance = tf.mul<Tensor1D>(l2Distance(denoised, images), draws.weight);
      const loss =
        head === undefined ? distance : adaptivelyWeighted(distance, head, student.auxiliary, tf.div(sigma, sigmaData));
      return reduction === 'mean' ? loss : tf.mul(loss, images.size / images.shape[0]);
    },
  };
}
