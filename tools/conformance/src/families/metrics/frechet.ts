import { frechetDistance, type GaussianMoments } from '@onestep/metrics';
import { compareAll, frechetUnit, tolerances } from '../../compare';
import { eachEntry, type Family } from '../../family';

/** Frechet distances from given moments (`frechet_moments.json`). */
export const frechetMoments: Family = {
  name: 'Frechet distance',
  recognises: (content) => content.everyCaseHas('mu1', 'sigma1', 'mu2', 'sigma2'),
  cases: (file) =>
    eachEntry(file, 'cases', (entry, name) => ({
      name,
      run: () => {
        const side = (number: 1 | 2): GaussianMoments => ({
          mean: entry.numbers(`mu${number}`),
          covariance: entry.numbers(`sigma${number}`),
        });
        const [first, second] = [side(1), side(2)];
        const pairs = { fid: [[frechetDistance(first, second)], [entry.number('exact')]] } as const;
        return compareAll(pairs, tolerances.frechet, frechetUnit(trace(first) + trace(second)));
      },
    })),
};

function trace({ mean, covariance }: GaussianMoments): number {
  return Array.from(mean, (_, i) => covariance[i * mean.length + i]).reduce((sum, value) => sum + value, 0);
}
