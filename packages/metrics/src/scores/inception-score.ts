import { randomStream } from '@onestep/tensor';
import { checkPoints, type PointSet } from '../distances/point-set';
import { spread } from '../internal/spread';

/** Options of {@link inceptionScore}. */
export interface InceptionScoreOptions {
  /** Parts that are scored by themselves, integer in [1, N]; default 10. */
  readonly splits?: number | undefined;
  /**
   * Integer in [0, 2^53): images are first put in the random order of stream `metrics.inception-score`. Left out, they
   * are taken as they come, and images that are sorted by class then score far too low.
   */
  readonly shuffleSeed?: number | undefined;
}

/** An Inception score and its spread over the splits. */
export interface InceptionScore {
  /** Mean over the splits, in [1, classes]. */
  readonly mean: number;
  /** Standard deviation over the splits, with divisor `splits`. */
  readonly std: number;
  readonly perSplit: Float64Array;
}

/**
 * Inception score: exp of the mean over images of KL(p(y|x) | p(y)), where p(y|x) = softmax of the logits and p(y) is its
 * mean over the images of a split. Split k of s holds images floor(k N / s) to floor((k + 1) N / s) - 1.
 *
 * @param logits - `[N, classes]`; by convention the 1008 of the FID network without their bias
 * @throws {@link RangeError} if a logit is not finite, naming the image, or an option is out of range
 * @remarks Softmax and sums in float64. 1 for images that all look the same to the network, also for a single image.
 * @see Salimans et al. 2016; Barratt & Sharma 2018 for what it does not measure
 */
export function inceptionScore(
  logits: PointSet,
  { splits = 10, shuffleSeed }: InceptionScoreOptions = {},
): InceptionScore {
  const { count, dimension } = checkPoints('inceptionScore: logits', logits);
  if (!Number.isInteger(splits) || splits < 1 || splits > count) {
    throw new RangeError(`inceptionScore: splits must be an integer in [1, ${count}], got ${splits}.`);
  }
  const order =
    shuffleSeed === undefined
      ? Uint32Array.from({ length: count }, (_, i) => i)
      : randomStream(shuffleSeed, 'metrics.inception-score').permutation(count);
  const perSplit = Float64Array.from({ length: splits }, (_, k) => {
    const images = order.subarray(Math.floor((k * count) / splits), Math.floor(((k + 1) * count) / splits));
    return scoreOf(logits.data, dimension, images);
  });
  return { ...spread(perSplit), perSplit };
}

/** exp(sum_c mean(p_c log p_c) - mean(p_c) log mean(p_c)). */
function scoreOf(logits: ArrayLike<number>, classes: number, images: Uint32Array): number {
  const marginal = new Float64Array(classes);
  const logs = new Float64Array(classes);
  let negativeEntropy = 0;
  for (const image of images) {
    const start = image * classes;
    let top = -Infinity;
    for (let c = 0; c < classes; c += 1) top = Math.max(top, logits[start + c]);
    let total = 0;
    for (let c = 0; c < classes; c += 1) total += Math.exp(logits[start + c] - top);
    const norm = top + Math.log(total);
    for (let c = 0; c < classes; c += 1) {
      logs[c] = logits[start + c] - norm;
      const probability = Math.exp(logs[c]);
      marginal[c] += probability;
      negativeEntropy += probability * logs[c];
    }
  }
  let divergence = negativeEntropy / images.length;
  for (const sum of marginal) {
    const mean = sum / images.length;
    if (mean > 0) divergence -= mean * Math.log(mean);
  }
  // Rounding can leave a little below zero for images that are all alike.
  return Math.exp(Math.max(0, divergence));
}
