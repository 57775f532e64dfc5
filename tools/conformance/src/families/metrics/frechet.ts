import { frechetDistance, type GaussianMoments } from '@onestep/metrics';
import { compareAll, tolerances } from '../../compare';
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
        return compareAll({ fid: [[frechetDistance(side(1), side(2))], [entry.number('exact')]] }, tolerances.frechet);
      },
    })),
};
