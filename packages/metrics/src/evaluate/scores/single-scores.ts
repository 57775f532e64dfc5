import { euclideanPairs, pairwiseDiversity } from '../../diversity/pairwise-diversity';
import { inceptionScore } from '../../scores/inception-score';
import { scoreName } from '../metric-names';
import type { Score, ScoreContext } from '../score-features';
import { allEqual } from './pair-scores';

/** Pairs that diversity is a mean over. */
const diversityPairs = 10_000;

/** Scores of the images alone. */
export async function singleScores(
  metric: 'is' | 'diversity',
  { images, seed, options }: ScoreContext,
): Promise<readonly Score[]> {
  const points = images.rowsOf(metric === 'is' ? 'logits' : 'pool')?.points();
  if (points === undefined) throw new RangeError(`evaluate: the features were not made for "${metric}".`);
  const samples = points.shape[0];
  const flags = [
    ...(allEqual(points) ? [`all ${samples} images have the same features`] : []),
    ...(samples < images.count ? [`a random choice of ${samples} of ${images.count} images`] : []),
  ];
  if (metric === 'is') {
    const { splits = 10 } = options;
    if (samples < splits)
      throw new RangeError(`evaluate: "is" needs at least ${splits} images (splits), got ${samples}.`);
    // Shuffled, since folders and test sets are often sorted by class.
    const { mean, std } = inceptionScore(points, { splits, shuffleSeed: seed });
    return [
      {
        metric: scoreName('is', images.plan.network.name),
        value: mean,
        better: 'higher',
        uncertainty: { kind: 'spread', std, over: 'splits', count: splits },
        options: { splits, order: 'shuffled' },
        samples,
        flags,
      },
    ];
  }
  if (samples < 2) throw new RangeError(`evaluate: "diversity" needs at least 2 images, got ${samples}.`);
  const found = await pairwiseDiversity(samples, euclideanPairs(points), { pairs: diversityPairs, seed });
  const { mean, std, standardError, pairs, equalPairs } = found;
  return [
    {
      metric: 'diversity',
      value: mean,
      better: 'higher',
      uncertainty: { kind: 'standard-error', standardError, of: `the mean over ${pairs} pairs` },
      details: { std, equalPairs },
      options: { pairs, distance: 'Euclidean in features' },
      samples,
      flags,
    },
  ];
}
