import type { Receipt } from '../receipt';
import { receiptVersion } from '../receipt';
import { packageVersion } from '../version';
import { quantisation } from './byte-batches';
import type { FeatureSet } from './feature-set';
import { evaluationMetrics, type EvaluationMetric } from './metric-names';
import type { EvaluationReference } from './reference';
import { frechetScores } from './scores/frechet-scores';
import { pairScores } from './scores/pair-scores';
import { singleScores } from './scores/single-scores';

/** What scores are made with; every setting is in the receipt. */
export interface ScoreOptions {
  readonly metrics: readonly EvaluationMetric[];
  /** Integer in [0, 2^53); default that of the features: of intervals, subsets and pairs. */
  readonly seed?: number | undefined;
  /** Coverage that bootstrap intervals aim at, in (0, 1); default 0.95. */
  readonly confidence?: number | undefined;
  /** Resamples of an interval; default 100. 0 for no intervals. */
  readonly resamples?: number | undefined;
  /** Points of each set that precision, recall, density, coverage and memorisation compare at most; default 10,000. */
  readonly maxPoints?: number | undefined;
  /** Neighbour that balls reach to; default 3 for precision and recall, 5 for density and coverage. */
  readonly k?: number | undefined;
  /** Subsets of the kernel distance; default 100. */
  readonly subsets?: number | undefined;
  /** Images in such a subset; default 1000, or as many as there are. */
  readonly subsetSize?: number | undefined;
  /** Splits of the Inception score; default 10. */
  readonly splits?: number | undefined;
  /** Identity of the images, for the receipt. */
  readonly images?: string | undefined;
  /** What made them, for the receipt. */
  readonly generator?: Receipt['generator'];
}

/** A score before it is a receipt. */
export type Score = Pick<Receipt, 'metric' | 'value' | 'better' | 'options'> &
  Partial<Pick<Receipt, 'uncertainty' | 'details' | 'reference' | 'floor' | 'flags' | 'samples'>>;

/** What scores are computed from. */
export interface ScoreContext {
  readonly images: FeatureSet;
  readonly reference: EvaluationReference | undefined;
  readonly seed: number;
  readonly options: ScoreOptions;
}

/** Samples below which scores are mostly bias. */
const fewSamples = 2000;

/**
 * Scores from features that exist: of one process, or merged from shards.
 *
 * @param images - features of the images, from `collectFeatures`
 * @param reference - features or moments of the real images
 * @returns a receipt for each value, in the order of `metrics`; the same bits for the same features
 * @throws {@link RangeError} for too few images, features of different networks, or an option out of range
 */
export async function scoreFeatures(
  images: FeatureSet,
  reference: EvaluationReference | undefined,
  options: ScoreOptions,
): Promise<readonly Receipt[]> {
  const { plan, count } = images;
  const { seed = plan.seed, generator, images: id } = options;
  checkSettings(options);
  checkSides(images, reference);
  const context: ScoreContext = { images, reference, seed, options };
  const receipts: Receipt[] = [];
  for (const metric of options.metrics) {
    for (const { flags = [], ...score } of await scoresOf(metric, context)) {
      const samples = score.samples ?? count;
      receipts.push({
        version: receiptVersion,
        ...score,
        samples,
        images: id,
        generator,
        featureNetwork: { name: plan.network.name, sha256: plan.network.sha256 },
        preprocessing: plan.network.preprocessing,
        quantisation,
        seed,
        flags: [...(samples < fewSamples ? [fewFlag(metric)] : []), ...flags],
        software: { name: '@onestep/metrics', version: packageVersion },
      });
    }
  }
  return receipts;
}

/** The values of one metric. */
async function scoresOf(metric: EvaluationMetric, context: ScoreContext): Promise<readonly Score[]> {
  switch (metric) {
    case 'fd':
    case 'sfd':
    case 'fd-infinity':
      return frechetScores(metric, context);
    case 'kid':
    case 'precision-recall':
    case 'density-coverage':
    case 'memorisation':
      return pairScores(metric, context);
    case 'is':
    case 'diversity':
      return singleScores(metric, context);
  }
}

function fewFlag(metric: EvaluationMetric): string {
  const unbiased = metric === 'kid' || metric === 'memorisation' || metric === 'diversity';
  return `under 2,000 samples: ${unbiased ? 'noisy' : 'strongly biased, comparable only with as many samples'}`;
}

function checkSettings({ metrics, confidence = 0.95, resamples = 100, ...counts }: ScoreOptions): void {
  const unknown = metrics.find((metric) => !evaluationMetrics.includes(metric));
  if (unknown !== undefined) throw new RangeError(`evaluate: metrics has "${unknown}".`);
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`evaluate: confidence must be in (0, 1), got ${confidence}.`);
  if (!Number.isInteger(resamples) || resamples < 0 || resamples === 1) {
    throw new RangeError(`evaluate: resamples must be 0 or an integer >= 2, got ${resamples}.`);
  }
  for (const name of ['maxPoints', 'k', 'subsets', 'subsetSize', 'splits'] as const) {
    const value = counts[name];
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new RangeError(`evaluate: ${name} must be an integer >= 1, got ${value}.`);
    }
  }
}

function checkSides({ plan, count, ranges }: FeatureSet, reference: EvaluationReference | undefined): void {
  if (count === 0) throw new RangeError('evaluate: there are no images.');
  if (ranges.length > 1 || ranges[0].from !== 0) {
    const held = ranges.map(({ from, to }) => `${from} to ${to - 1}`).join(' and ');
    throw new RangeError(`evaluate: a shard is missing: there are images ${held}, expected all from 0 on.`);
  }
  const other = reference?.features?.plan.network;
  if (other !== undefined && JSON.stringify(other) !== JSON.stringify(plan.network)) {
    throw new RangeError(
      `evaluate: the reference was seen through ${other.name} ${other.sha256.slice(0, 8)} (${other.preprocessing}), ` +
        `the images through ${plan.network.name} ${plan.network.sha256.slice(0, 8)} (${plan.network.preprocessing}).`,
    );
  }
}
