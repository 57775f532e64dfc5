import type { PointSet } from '../../distances/point-set';
import { kernelDistance } from '../../kernel/kernel-distance';
import { densityCoverage, precisionRecall } from '../../manifold/manifold-scores';
import { memorisation } from '../../neighbours/memorisation';
import { scoreName } from '../metric-names';
import type { EvaluationReference } from '../reference';
import type { Score, ScoreContext } from '../score-features';
import { hashRows } from '../statistics-hash';

type PairMetric = 'kid' | 'precision-recall' | 'density-coverage' | 'memorisation';

/** Scores of two sets of features: kernel distance, balls of neighbours, nearest training images. */
export async function pairScores(metric: PairMetric, context: ScoreContext): Promise<readonly Score[]> {
  const { images, reference, options } = context;
  const kept = images.rowsOf('pool');
  const real = reference?.features?.rowsOf('pool');
  if (kept === undefined || reference === undefined || real === undefined) {
    throw new RangeError(
      `evaluate: "${metric}" compares single images: the reference must be images, not statistics of them.`,
    );
  }
  checkCounts(metric, kept.count, real.count);
  const { maxPoints = 10_000 } = options;
  switch (metric) {
    case 'kid':
      return [kernelScore(await described(kept.points(), real.points(), context), context)];
    case 'memorisation': {
      const sides = await described(kept.points(maxPoints), real.points(), context);
      return [memorisationScore(sides, reference)];
    }
    default: {
      // Values depend on the counts: equal ones, whatever the reference has.
      const most = Math.min(maxPoints, kept.count, real.count);
      const sides = await described(kept.points(most), real.points(most), context);
      return metric === 'precision-recall' ? ballScores(sides, options.k) : densityScores(sides, options.k);
    }
  }
}

function checkCounts(metric: PairMetric, samples: number, realSamples: number): void {
  const least = { kid: 2, memorisation: 1, 'precision-recall': 4, 'density-coverage': 6 }[metric];
  if (samples >= least && realSamples >= Math.max(2, least)) return;
  throw new RangeError(
    `evaluate: "${metric}" needs at least ${least} images on each side, got ${samples} and ${realSamples}.`,
  );
}

interface Sides {
  readonly points: PointSet;
  readonly real: PointSet;
  readonly about: Pick<Score, 'reference' | 'samples'> & { readonly flags: readonly string[] };
}

async function described(points: PointSet, real: PointSet, { images, reference }: ScoreContext): Promise<Sides> {
  const [samples, realSamples] = [points.shape[0], real.shape[0]];
  const flags = [...(reference?.flags ?? [])];
  if (allEqual(points)) flags.unshift(`all ${samples} images have the same features`);
  if (samples < images.count) flags.push(`a random choice of ${samples} of ${images.count} images`);
  return {
    points,
    real,
    about: {
      samples,
      reference: { id: reference?.id ?? '', samples: realSamples, statisticsSha256: await hashRows(real.data) },
      flags,
    },
  };
}

function kernelScore({ points, real, about }: Sides, { images, seed, options }: ScoreContext): Score {
  const subsetSize = Math.min(options.subsetSize ?? 1000, points.shape[0], real.shape[0]);
  const { subsets = 100 } = options;
  const { mean, std } = kernelDistance(points, real, { subsets, subsetSize, seed });
  const flags = subsetSize < 1000 ? [`subsets of ${subsetSize}, not of 1000 as papers have them`] : [];
  return {
    ...about,
    metric: scoreName('kid', images.plan.network.name),
    value: mean,
    better: 'lower',
    uncertainty: { kind: 'spread', std, over: 'subsets', count: subsets },
    options: { subsets, subsetSize, kernel: '(x.y / d + 1)^3' },
    flags: [...flags, ...about.flags],
  };
}

function ballScores({ points, real, about }: Sides, k = 3): readonly Score[] {
  const { precision, recall, emptyBalls } = precisionRecall(real, points, { k });
  const flags = [...emptyFlag('real', emptyBalls.real), ...emptyFlag('scored', emptyBalls.generated), ...about.flags];
  const common = { ...about, better: 'higher', options: { k, balls: 'closed' }, flags } as const;
  return [
    { ...common, metric: 'precision', value: precision },
    { ...common, metric: 'recall', value: recall },
  ];
}

function densityScores({ points, real, about }: Sides, k = 5): readonly Score[] {
  const { density, coverage, emptyBalls } = densityCoverage(real, points, { k });
  const common = {
    ...about,
    better: 'higher',
    options: { k, balls: 'open' },
    flags: [...emptyFlag('real', emptyBalls), ...about.flags],
  } as const;
  return [
    { ...common, metric: 'density', value: density },
    { ...common, metric: 'coverage', value: coverage },
  ];
}

function memorisationScore({ points, real, about }: Sides, reference: EvaluationReference): Score {
  const ratio = 1 / 3;
  const { byRatio, copies, distances } = memorisation(points, real, { ratio });
  const samples = points.shape[0];
  const sorted = distances.slice().sort();
  const whole = reference.features?.count ?? 0;
  const flags = real.shape[0] < whole ? [`nearest of a random choice of ${real.shape[0]} of ${whole} real images`] : [];
  return {
    ...about,
    metric: 'memorisation',
    value: byRatio.length / samples,
    better: 'lower',
    details: {
      suspects: byRatio.length,
      copies,
      medianDistance: sorted[Math.floor(samples / 2)],
      nearestDistance: sorted[0],
    },
    options: { rule: 'nearest below a third of the second nearest' },
    flags: [...flags, ...about.flags],
  };
}

function emptyFlag(side: string, count: number): readonly string[] {
  return count === 0 ? [] : [`${count} ${side} images have copies of themselves for neighbours`];
}

/** True if all points are one. */
export function allEqual({ shape: [count, width], data }: PointSet): boolean {
  for (let i = width; i < count * width; i += 1) if (data[i] !== data[i - width]) return false;
  return true;
}
