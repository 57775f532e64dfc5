import { frechetDistance } from '../../frechet/frechet-distance';
import { frechetDistanceInfinity } from '../../frechet/frechet-distance-infinity';
import { momentNotes } from '../../statistics/moment-notes';
import { MomentStatistics } from '../../statistics/moment-statistics';
import { bootstrapInterval } from '../../uncertainty/bootstrap-interval';
import type { Uncertainty } from '../../receipt';
import { metricNeeds, scoreName } from '../metric-names';
import { referenceMoments, type ReferenceMoments } from '../reference';
import type { Score, ScoreContext } from '../score-features';
import { hashMoments } from '../statistics-hash';

/** Images a block of the bootstrap has at least. */
const leastPerBlock = 10;

/** Frechet distances and their extrapolation. */
export async function frechetScores(
  metric: 'fd' | 'sfd' | 'fd-infinity',
  context: ScoreContext,
): Promise<readonly Score[]> {
  const { images, reference } = context;
  const { output } = metricNeeds[metric];
  const real = reference === undefined ? undefined : referenceMoments(reference, output);
  if (reference === undefined || real === undefined) {
    throw new RangeError(`evaluate: "${metric}" compares with real images: the reference has no moments of ${output}.`);
  }
  checkWidth(metric, images.plan.moments[output] ?? images.plan.rows[output], real);
  const common = {
    metric: scoreName(metric, images.plan.network.name),
    better: 'lower',
    reference: { id: reference.id, samples: real.samples, statisticsSha256: await hashMoments(real.moments) },
  } as const;
  const flags = reference.flags ?? [];
  if (metric === 'fd-infinity') return [{ ...common, ...extrapolated(context, real), flags }];
  const statistics = images.momentsOf(output);
  if (statistics === undefined || statistics.count < 2) {
    throw new RangeError(`evaluate: "${metric}" needs at least 2 images, got ${images.count}.`);
  }
  const other = reference.floor;
  const floor =
    other !== undefined && Object.hasOwn(other.moments, output)
      ? {
          value: frechetDistance(other.moments[output], real.moments),
          id: other.id,
          samples: other.moments[output].count,
        }
      : undefined;
  const value = frechetDistance(statistics, real.moments);
  const uncertainty = interval(value, context, real, output);
  const notes = momentNotes(statistics).map((note) => note.replace(/\.$/, ''));
  return [{ ...common, value, uncertainty, options: {}, floor, flags: [...notes, ...flags] }];
}

function extrapolated(
  { images, seed }: ScoreContext,
  real: ReferenceMoments,
): Pick<Score, 'value' | 'uncertainty' | 'details' | 'options' | 'samples'> {
  const points = images.rowsOf('pool')?.points();
  const count = points?.shape[0] ?? 0;
  if (points === undefined || count < 20) {
    throw new RangeError(`evaluate: "fd-infinity" needs at least 20 images, got ${count}.`);
  }
  const {
    value,
    standardError,
    slope,
    residual,
    points: line,
  } = frechetDistanceInfinity(points, real.moments, { seed });
  return {
    value,
    uncertainty: { kind: 'standard-error', standardError, of: 'the line through the subset scores' },
    details: { slope, residual },
    options: { sizes: line.map((point) => point.count).join(' ') },
    samples: count,
  };
}

/** Blocks of images are drawn with replacement; their sums are exact, so shards give the same interval. */
function interval(
  value: number,
  { images, seed, options: { confidence = 0.95, resamples = 100 } }: ScoreContext,
  real: ReferenceMoments,
  output: string,
): Uncertainty | undefined {
  const blocks = images.blocksOf(output) ?? [];
  if (resamples === 0 || blocks.length < 2 || images.count < leastPerBlock * blocks.length) return undefined;
  const [{ dimension, range, bits }] = blocks;
  const moments = real.moments instanceof MomentStatistics ? real.moments.moments() : real.moments;
  const statistic = (indices: Uint32Array): number => {
    const merged = new MomentStatistics(dimension, { range, bits });
    for (const index of indices) merged.merge(blocks[index]);
    return frechetDistance(merged, moments);
  };
  const found = bootstrapInterval(blocks.length, statistic, { resamples, confidence, seed, method: 'centred' });
  return {
    kind: 'bootstrap',
    lower: Math.min(found.lower, value),
    upper: Math.max(found.upper, value),
    confidence,
    resamples,
    blocks: blocks.length,
    seed,
  };
}

function checkWidth(metric: string, width: number, { moments }: ReferenceMoments): void {
  const found = moments instanceof MomentStatistics ? moments.dimension : moments.mean.length;
  if (found === width) return;
  throw new RangeError(
    `evaluate: the reference of "${metric}" has ${found} features, the network ${width}. The statistics are of another network.`,
  );
}
