import {
  densityCoverage,
  frechetDistance,
  fullKernelDistance,
  kernelDistance,
  MomentStatistics,
  nearestWithin,
  precisionRecall,
  type PolynomialKernel,
} from '@onestep/metrics';
import type { HostTensor } from '@onestep/tensor';
import type { AnyCase } from '../../case';
import { compareAll, frechetUnit, tolerances, type Comparison } from '../../compare';
import { eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';

/** Scores of two sets of stored features (`feature_metrics.json`); a case may lack those that its sets are too small for. */
export const featureMetrics: Family = {
  name: 'feature metrics',
  recognises: (content) => content.everyCaseHas('name', 'dim', 'n_real', 'n_fake'),
  cases(file) {
    const own = `${file.stem}.safetensors`;
    const tensors = file.companion(file.hasCompanion(own) ? own : 'features.safetensors');
    return eachEntry(file, 'cases', (entry, name): readonly AnyCase[] => {
      const real = tensor(file, tensors, `${entry.text('name')}.real`);
      const fake = tensor(file, tensors, `${entry.text('name')}.fake`);
      const cases: AnyCase[] = [];
      if (entry.has('fid_exact')) cases.push({ name: `${name}/fid`, run: () => frechet(entry, real, fake) });
      if (entry.has('kid')) cases.push(kernelCase(`${name}/kid`, entry.entry('kid'), real, fake));
      for (const values of entry.has('prdc') ? entry.entries('prdc') : []) {
        cases.push({ name: `${name}/prdc-k${values.number('k')}`, run: () => manifolds(values, real, fake) });
      }
      return cases.length > 0 ? cases : [{ name, problem: 'no score that the runner knows' }];
    });
  },
};

function tensor(file: GoldenFile, tensors: Readonly<Record<string, HostTensor>>, name: string): HostTensor {
  if (!Object.hasOwn(tensors, name)) throw new Error(`${file.path}: the tensor ${name} is missing`);
  return tensors[name];
}

function frechet(entry: Entry, real: HostTensor, fake: HostTensor): Comparison {
  const dimension = entry.number('dim');
  // Statistics are exact on a grid whose step follows from the range.
  const largest = [real, fake].flatMap(({ data }) => Array.from(data)).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const range = largest === 0 ? 1 : 2 ** Math.floor(Math.log2(largest) + 1);
  const [ofReal, ofFake] = [real, fake].map(({ data }) => new MomentStatistics(dimension, { range }).add(data));
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
    frechetUnit(entry.number('trace_sigma_real') + entry.number('trace_sigma_fake')),
  );
}

function kernelCase(name: string, values: Entry, real: HostTensor, fake: HostTensor): AnyCase {
  const kernel = polynomialOf(values);
  if (kernel === undefined) return { name, needs: `kernel ${values.text('kernel')}` };
  return { name, run: () => kernelScores(values, real, fake, kernel) };
}

function kernelScores(values: Entry, real: HostTensor, fake: HostTensor, kernel: PolynomialKernel): Comparison {
  const subsets = (key: string): readonly (readonly number[])[] => values.json[key] as readonly (readonly number[])[];
  const indices = { a: subsets('real_indices'), b: subsets('fake_indices') };
  const { mean, std, perSubset } = kernelDistance(real, fake, { ...kernel, indices });
  return compareAll(
    {
      'per subset': [perSubset, values.numbers('per_subset')],
      mean: [[mean], [values.number('mean')]],
      std: [[std], [values.number('std')]],
      'all samples': [[fullKernelDistance(real, fake, kernel)], [values.number('full_unbiased')]],
    },
    tolerances.score,
  );
}

/** The kernel as the file writes it, `(x.y/d + 1)^3` or `(0.25 x.y + 1)^3`; undefined for another kind. */
function polynomialOf(values: Entry): PolynomialKernel | undefined {
  const text = values.textOr('kernel', '(x.y/d + 1)^3').replaceAll(' ', '');
  const found = /^\((?:([\d.e+-]+)\*?)?x\.y(\/d|\/[\d.e+-]+)?(?:\+([\d.e-]+))?\)\^(\d+)$/.exec(text);
  if (found === null) return undefined;
  const [, factor, divisor, offset = '0', degree] = found as unknown as readonly (string | undefined)[];
  const overDimension = divisor === '/d';
  if (overDimension && factor !== undefined) return undefined;
  const gamma = Number(factor ?? 1) / (divisor === undefined || overDimension ? 1 : Number(divisor.slice(1)));
  return { degree: Number(degree), offset: Number(offset), gamma: overDimension ? undefined : gamma };
}

/** Shares are counts over N: a tolerance far below 1 / N compares the counts. */
function manifolds(values: Entry, real: HostTensor, fake: HostTensor): Comparison {
  const k = values.number('k');
  const closed = precisionRecall(real, fake, { k });
  const open = precisionRecall(real, fake, { k, balls: 'open' });
  const { density, coverage } = densityCoverage(real, fake, { k });
  const second = values.entry('prdc');
  const radii = (points: HostTensor, stored: string): readonly [readonly number[], readonly number[]] => {
    const expected = values.numbers(stored);
    const { distances } = nearestWithin(points, { k });
    return [expected.map((_, i) => distances[i * k + k - 1]), expected];
  };
  return compareAll(
    {
      'precision, closed balls': [[closed.precision], [values.number('precision')]],
      'recall, closed balls': [[closed.recall], [values.number('recall')]],
      'precision, open balls': [[open.precision], [second.number('precision')]],
      'recall, open balls': [[open.recall], [second.number('recall')]],
      density: [[density], [second.number('density')]],
      coverage: [[coverage], [second.number('coverage')]],
      'real radii': radii(real, 'radii_real_first8'),
      'fake radii': radii(fake, 'radii_fake_first8'),
    },
    tolerances.score,
  );
}
