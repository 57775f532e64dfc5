import {
  densityCoverage,
  frechetDistance,
  fullKernelDistance,
  kernelDistance,
  MomentStatistics,
  nearestWithin,
  precisionRecall,
} from '@onestep/metrics';
import type { HostTensor } from '@onestep/tensor';
import type { AnyCase } from '../../case';
import { compareAll, tolerances, type Comparison } from '../../compare';
import { eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';

/** Scores of two sets of stored features (`feature_metrics.json`). */
export const featureMetrics: Family = {
  name: 'feature metrics',
  recognises: (content) => content.everyCaseHas('kid', 'prdc'),
  cases(file) {
    const own = `${file.stem}.safetensors`;
    const tensors = file.companion(file.hasCompanion(own) ? own : 'features.safetensors');
    return eachEntry(file, 'cases', (entry, name): readonly AnyCase[] => {
      const real = tensor(file, tensors, `${entry.text('name')}.real`);
      const fake = tensor(file, tensors, `${entry.text('name')}.fake`);
      return [
        { name: `${name}/fid`, run: () => frechet(entry, real, fake) },
        { name: `${name}/kid`, run: () => kernel(entry.entry('kid'), real, fake) },
        ...entry.entries('prdc').map((values) => ({
          name: `${name}/prdc-k${values.number('k')}`,
          run: () => manifolds(values, real, fake),
        })),
      ];
    });
  },
};

function tensor(file: GoldenFile, tensors: Readonly<Record<string, HostTensor>>, name: string): HostTensor {
  if (!Object.hasOwn(tensors, name)) throw new Error(`${file.path}: the tensor ${name} is missing`);
  return tensors[name];
}

function frechet(entry: Entry, real: HostTensor, fake: HostTensor): Comparison {
  const dimension = entry.number('dim');
  const [ofReal, ofFake] = [real, fake].map(({ data }) => new MomentStatistics(dimension).add(data));
  const trace = (statistics: MomentStatistics): number => {
    const { covariance } = statistics.moments();
    let sum = 0;
    for (let i = 0; i < dimension; i += 1) sum += covariance[i * dimension + i];
    return sum;
  };
  return compareAll(
    {
      fid: [[frechetDistance(ofReal, ofFake)], [entry.number('fid_exact')]],
      'trace of the real covariance': [[trace(ofReal)], [entry.number('trace_sigma_real')]],
      'trace of the fake covariance': [[trace(ofFake)], [entry.number('trace_sigma_fake')]],
    },
    tolerances.frechet,
  );
}

function kernel(values: Entry, real: HostTensor, fake: HostTensor): Comparison {
  const subsets = (key: string): readonly (readonly number[])[] => values.json[key] as readonly (readonly number[])[];
  const indices = { a: subsets('real_indices'), b: subsets('fake_indices') };
  const { mean, std, perSubset } = kernelDistance(real, fake, { indices });
  return compareAll(
    {
      'per subset': [perSubset, values.numbers('per_subset')],
      mean: [[mean], [values.number('mean')]],
      std: [[std], [values.number('std')]],
      'all samples': [[fullKernelDistance(real, fake)], [values.number('full_unbiased')]],
    },
    tolerances.score,
  );
}

/** Shares are counts over N: a tolerance far below 1 / N compares the counts. */
function manifolds(values: Entry, real: HostTensor, fake: HostTensor): Comparison {
  const k = values.number('k');
  const closed = precisionRecall(real, fake, { k });
  const open = precisionRecall(real, fake, { k, balls: 'open' });
  const { density, coverage } = densityCoverage(real, fake, { k });
  const second = values.entry('prdc');
  const radii = (points: HostTensor): readonly number[] => {
    const { distances } = nearestWithin(points, { k });
    return Array.from({ length: 8 }, (_, i) => distances[i * k + k - 1]);
  };
  return compareAll(
    {
      'precision, closed balls': [[closed.precision], [values.number('precision')]],
      'recall, closed balls': [[closed.recall], [values.number('recall')]],
      'precision, open balls': [[open.precision], [second.number('precision')]],
      'recall, open balls': [[open.recall], [second.number('recall')]],
      density: [[density], [second.number('density')]],
      coverage: [[coverage], [second.number('coverage')]],
      'real radii': [radii(real), values.numbers('radii_real_first8')],
      'fake radii': [radii(fake), values.numbers('radii_fake_first8')],
    },
    tolerances.score,
  );
}
