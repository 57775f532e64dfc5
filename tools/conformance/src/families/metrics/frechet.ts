import { frechetDistance, MomentStatistics, type GaussianMoments } from '@onestep/metrics';
import type { HostTensor } from '@onestep/tensor';
import type { AnyCase } from '../../case';
import { compareAll, tolerances } from '../../compare';
import { eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';

/** Frechet distances from stored features (`feature_metrics.json`); its other metrics are cases of their own. */
export const featureMetrics: Family = {
  name: 'feature metrics',
  recognises: (content) => content.everyCaseHas('kid', 'prdc'),
  cases(file) {
    const own = `${file.stem}.safetensors`;
    const tensors = file.companion(file.hasCompanion(own) ? own : 'features.safetensors');
    return eachEntry(file, 'cases', (entry, name): readonly AnyCase[] => [
      { name: `${name}/fid`, run: () => fromFeatures(file, entry, tensors) },
      { name: `${name}/kid`, needs: 'metric kid' },
      { name: `${name}/prdc`, needs: 'metrics precision, recall, density and coverage' },
    ]);
  },
};

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

function fromFeatures(file: GoldenFile, entry: Entry, tensors: Readonly<Record<string, HostTensor>>) {
  const dimension = entry.number('dim');
  const statistics = (side: 'real' | 'fake'): MomentStatistics => {
    const name = `${entry.text('name')}.${side}`;
    if (!Object.hasOwn(tensors, name)) throw new Error(`${file.path}: the tensor ${name} is missing`);
    return new MomentStatistics(dimension).add(tensors[name].data);
  };
  const [real, fake] = [statistics('real'), statistics('fake')];
  const trace = (covariance: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < dimension; i += 1) sum += covariance[i * dimension + i];
    return sum;
  };
  return compareAll(
    {
      fid: [[frechetDistance(real, fake)], [entry.number('fid_exact')]],
      'trace of the real covariance': [[trace(real.moments().covariance)], [entry.number('trace_sigma_real')]],
      'trace of the fake covariance': [[trace(fake.moments().covariance)], [entry.number('trace_sigma_fake')]],
    },
    tolerances.frechet,
  );
}
