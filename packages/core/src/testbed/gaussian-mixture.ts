import { tf, type Tensor, type Tensor2D } from '@onestep/tensor';
import type { Denoiser } from '../denoiser';
import { requireFinite, requirePositive } from '../internal/arguments';

/** An isotropic Gaussian mixture as data. */
export interface GaussianMixtureOptions {
  /** One weight per component, > 0; made to sum to 1. */
  readonly weights: readonly number[];
  /** One mean per component, all of the same length d >= 1. */
  readonly means: readonly (readonly number[])[];
  /** One std per component, >= 0; 0 is a point mass. */
  readonly stds: readonly number[];
}

/**
 * Data whose denoiser is known exactly: the test bed for samplers and distillation, no network needed.
 * Arrays hold one point after the other, `B * d` numbers; the batch size follows from the length.
 */
export interface GaussianMixture {
  /** d. */
  readonly dimensions: number;
  /** D(x, sigma) in double precision, sigma > 0; fits the samplers over `float64Space`. */
  readonly denoise: (x: Float64Array, sigma: number) => Float64Array;
  /** Score of the noised density, (D - x) / sigma^2. */
  readonly score: (x: Float64Array, sigma: number) => Float64Array;
  /** Log density of the noised data at each point, `B` numbers. */
  readonly logDensity: (x: Float64Array, sigma: number) => Float64Array;
  /** D on tensors: `x [B, ...]` with d numbers per image, `sigma [B]`, > 0. Differentiable. */
  readonly denoiser: Denoiser;
}

/**
 * Makes a Gaussian mixture with its exact denoiser.
 *
 * D(x, sigma) = sum_k g_k (m_k + s_k^2 / (s_k^2 + sigma^2) (x - m_k)), g = softmax_k(ln w_k + ln N(x; m_k, (s_k^2 + sigma^2) I))
 *
 * @param options - `weights`, `means`, `stds`, one entry per component
 * @throws {@link RangeError} if the lists differ in length or a value is out of range; the functions, if an array is not
 *   a multiple of d long or sigma <= 0
 * @see Karras et al. 2022, appendix B.3 (ideal denoiser)
 */
export function gaussianMixture({ weights, means, stds }: GaussianMixtureOptions): GaussianMixture {
  checkMixture(weights, means, stds);
  const dimensions = means[0].length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const logWeights = weights.map((weight) => Math.log(weight / total));

  /** Log of w_k N(x; m_k, v_k I) for the point that starts at `offset`. */
  const logTerms = (x: Float64Array, offset: number, sigma: number): number[] =>
    means.map((mean, k) => {
      const variance = stds[k] ** 2 + sigma ** 2;
      const squared = mean.reduce((sum, m, i) => sum + (x[offset + i] - m) ** 2, 0);
      return logWeights[k] - 0.5 * (dimensions * Math.log(2 * Math.PI * variance) + squared / variance);
    });

  const check = (name: string, x: Float64Array, sigma: number): void => {
    requirePositive(`gaussianMixture.${name}`, 'sigma', sigma);
    if (x.length % dimensions !== 0) {
      throw new RangeError(
        `gaussianMixture.${name}: x must hold a multiple of ${dimensions} numbers, got ${x.length}.`,
      );
    }
  };

  const denoise = (x: Float64Array, sigma: number): Float64Array => {
    check('denoise', x, sigma);
    const denoised = new Float64Array(x.length);
    for (let offset = 0; offset < x.length; offset += dimensions) {
      const terms = logTerms(x, offset, sigma);
      const shift = logSumExp(terms);
      terms.forEach((term, k) => {
        const share = Math.exp(term - shift);
        const pull = stds[k] ** 2 / (stds[k] ** 2 + sigma ** 2);
        means[k].forEach((m, i) => (denoised[offset + i] += share * (m + pull * (x[offset + i] - m))));
      });
    }
    return denoised;
  };

  return {
    dimensions,
    denoise,
    score: (x, sigma) => denoise(x, sigma).map((value, i) => (value - x[i]) / sigma ** 2),
    logDensity(x, sigma) {
      check('logDensity', x, sigma);
      return Float64Array.from({ length: x.length / dimensions }, (_, b) =>
        logSumExp(logTerms(x, b * dimensions, sigma)),
      );
    },
    denoiser: mixtureDenoiser(logWeights, means, stds),
  };
}

function mixtureDenoiser(
  logWeights: readonly number[],
  means: readonly (readonly number[])[],
  stds: readonly number[],
): Denoiser {
  const components = means.length;
  const dimensions = means[0].length;
  return (x, sigma) =>
    tf.tidy(() => {
      const points = tf.reshape(x, [-1, 1, dimensions]);
      const centres = tf.tensor3d(means.flat(), [1, components, dimensions]);
      const own = tf.tensor2d(
        stds.map((std) => std ** 2),
        [1, components],
      );
      const variances = tf.add<Tensor2D>(own, tf.square(tf.reshape(sigma, [-1, 1])));
      const offsets = tf.sub(points, centres);
      const squared = tf.sum<Tensor2D>(tf.square(offsets), 2);
      const logits = tf.sub(
        tf.tensor2d([...logWeights], [1, components]),
        tf.mul(tf.add(tf.mul(tf.log(variances), dimensions), tf.div(squared, variances)), 0.5),
      );
      const shares = tf.softmax(logits);
      const column = (values: Tensor): Tensor => tf.reshape(values, [-1, components, 1]);
      const estimates = tf.add(centres, tf.mul(offsets, column(tf.div(own, variances))));
      return tf.reshape(tf.sum(tf.mul(estimates, column(shares)), 1), x.shape);
    });
}

function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

function checkMixture(
  weights: readonly number[],
  means: readonly (readonly number[])[],
  stds: readonly number[],
): void {
  const where = 'gaussianMixture';
  if (weights.length === 0 || weights.length !== means.length || weights.length !== stds.length) {
    throw new RangeError(
      `${where}: weights, means and stds must have the same length >= 1, got ${weights.length}, ${means.length}, ${stds.length}.`,
    );
  }
  weights.forEach((weight, k) => requirePositive(where, `weights[${k}]`, weight));
  means.forEach((mean, k) => {
    if (mean.length === 0 || mean.length !== means[0].length) {
      throw new RangeError(
        `${where}: means[${k}] must have ${Math.max(1, means[0].length)} entries, got ${mean.length}.`,
      );
    }
    mean.forEach((m, i) => requireFinite(where, `means[${k}][${i}]`, m));
  });
  stds.forEach((std, k) => {
    if (!(std >= 0 && std < Infinity)) throw new RangeError(`${where}: stds[${k}] must be >= 0, got ${std}.`);
  });
}
