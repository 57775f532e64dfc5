import { randomStream } from '@onestep/tensor';
import { quantile, spread } from '../internal/spread';

/** Options of {@link bootstrapInterval}. */
export interface BootstrapOptions {
  /** Resamples, integer >= 2; default 1000. */
  readonly resamples?: number | undefined;
  /** Coverage that is aimed at, in (0, 1); default 0.95. */
  readonly confidence?: number | undefined;
  /** Integer in [0, 2^53); default 0. Resample r comes from stream `metrics.bootstrap`, index r. */
  readonly seed?: number | undefined;
  /**
   * `percentile`: quantiles of the resamples. `centred`: the same, moved by the bootstrap's estimate of the bias so that
   * they surround the estimate, for statistics that resampling itself biases. `basic`: quantiles mirrored at the
   * estimate, which corrects that bias once more. Default `percentile`.
   */
  readonly method?: 'percentile' | 'centred' | 'basic' | undefined;
}

/** An estimate with an interval around it. */
export interface BootstrapInterval {
  /** The statistic of the samples themselves. */
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
  /** Standard deviation of the resamples. */
  readonly standardError: number;
  /** Mean of the resamples less the estimate. */
  readonly bias: number;
  readonly confidence: number;
  readonly resamples: number;
  readonly method: 'percentile' | 'centred' | 'basic';
}

/**
 * Bootstrap confidence interval of any statistic of independent samples.
 *
 * @param count - samples, integer >= 2: images, or blocks of images, or subsets
 * @param statistic - its value for some of the samples by index, `count` of them, drawn with replacement; called first
 *   with every index once
 * @throws {@link RangeError} if an argument is out of range, or the statistic of a resample is not finite, naming it
 * @remarks The same seed gives the same bits. Resamples repeat samples, which biases statistics that notice copies:
 *   Frechet distances upwards, nearest neighbours to 0; take blocks, see `frechetInterval`.
 * @see Efron & Tibshirani 1993, chapters 12 and 13
 */
export function bootstrapInterval(
  count: number,
  statistic: (indices: Uint32Array) => number,
  { resamples = 1000, confidence = 0.95, seed = 0, method = 'percentile' }: BootstrapOptions = {},
): BootstrapInterval {
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(`bootstrapInterval: count must be an integer >= 2, got ${count}.`);
  }
  if (!Number.isInteger(resamples) || resamples < 2) {
    throw new RangeError(`bootstrapInterval: resamples must be an integer >= 2, got ${resamples}.`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`bootstrapInterval: confidence must be in (0, 1), got ${confidence}.`);
  }
  const evaluate = (indices: Uint32Array, name: string): number => {
    const value = statistic(indices);
    if (!Number.isFinite(value)) throw new RangeError(`bootstrapInterval: the statistic of ${name} is ${value}.`);
    return value;
  };
  const estimate = evaluate(
    Uint32Array.from({ length: count }, (_, i) => i),
    'the samples',
  );
  const values = Float64Array.from({ length: resamples }, (_, r) =>
    evaluate(randomStream(seed, 'metrics.bootstrap', r).integers(count, count), `resample ${r}`),
  ).sort();
  const { mean, std } = spread(values);
  const bias = mean - estimate;
  const low = quantile(values, (1 - confidence) / 2);
  const high = quantile(values, (1 + confidence) / 2);
  const [lower, upper] = {
    percentile: [low, high],
    centred: [low - bias, high - bias],
    basic: [2 * estimate - high, 2 * estimate - low],
  }[method];
  return { estimate, lower, upper, standardError: std, bias, confidence, resamples, method };
}
