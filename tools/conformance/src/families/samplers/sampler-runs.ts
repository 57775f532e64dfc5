import { float64Space, karrasSigmas, tensorSpace } from '@onestep/core';
import { dynamicThreshold, fromDenoiser, heun, type SampleOptions } from '@onestep/sampling';
import { tf, type Tensor } from '@onestep/tensor';
import type { AnyCase, GoldenCase } from '../../case';
import { compare, compareAll, tolerances, type Comparison } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { karrasOptions } from '../schedules/noise-grids';
import { mixtureOf } from '../mixture';
import { thresholdRows } from './dynamic-threshold';
import { paramsOf, type SamplerCase } from './sampler-case';
import { samplerCases } from './table';

/** Samplers over the ideal denoiser of a Gaussian mixture (`gmm2d.json`, `gmm16d.json`). */
export const samplerRuns: Family = {
  name: 'samplers',
  recognises: (content) => content.has('gmm', 'x_T', 'cases'),
  cases: (file) =>
    bySection(file, {
      gmm: 'shared',
      z0: 'shared',
      x_T: 'shared',
      noise: 'shared',
      denoiser_check: () => [denoiserCheck(file)],
      pf_ode_solution_at_sigma_min: () => convergenceCases(file),
      cases: () => eachEntry(file, 'cases', (entry, name) => samplerRunCases(file, entry, name)),
    }),
};

/** D, score and log density, point by point: each has a noise level of its own. */
function denoiserCheck(file: GoldenFile): GoldenCase {
  return {
    name: `${file.path}#denoiser_check`,
    run() {
      const check = file.content.entry('denoiser_check');
      const mixture = mixtureOf(file.content.entry('gmm'));
      const points = check.float64('x');
      const over = (f: (x: Float64Array, sigma: number) => Float64Array): number[] =>
        check
          .numbers('sigma')
          .flatMap((sigma, i) => [...f(points.slice(i * mixture.dimensions, (i + 1) * mixture.dimensions), sigma)]);
      return compareAll(
        {
          denoised: [over((x, sigma) => mixture.denoise(x, sigma)), check.numbers('denoised')],
          score: [over((x, sigma) => mixture.score(x, sigma)), check.numbers('score')],
          log_density: [over((x, sigma) => mixture.logDensity(x, sigma)), check.numbers('log_density')],
        },
        tolerances.sampler,
      );
    },
  };
}

/** Error of the Heun sampler against the exact solution, for each grid size. */
function convergenceCases(file: GoldenFile): readonly GoldenCase[] {
  const solution = file.content.entry('pf_ode_solution_at_sigma_min');
  const errors = solution.entry('heun_max_error_by_n');
  return Object.keys(errors.json).map((n) => ({
    name: `${file.path}#pf_ode_solution_at_sigma_min/${n}`,
    async run() {
      const mixture = mixtureOf(file.content.entry('gmm'));
      const result = await heun.sample((x, sigma) => mixture.denoise(x, sigma), file.content.float64('x_T'), {
        space: float64Space,
        sigmas: karrasSigmas(Number(n), karrasOptions(file.content)),
      });
      const exact = solution.numbers('value');
      const error = Math.max(...exact.map((value, i) => Math.abs(value - result[i])));
      return compare([error], [errors.number(n)], tolerances.sampler);
    },
  }));
}

function samplerRunCases(file: GoldenFile, entry: Entry, prefix: string): AnyCase | readonly AnyCase[] {
  const key = entry.text('name');
  const name = `${prefix}/${key}`;
  const read = Object.hasOwn(samplerCases, key) ? samplerCases[key] : undefined;
  if (read === undefined) return { name, problem: `unknown sampler "${key}"` };
  return [
    {
      name: `${name}/float64`,
      run: async () => explained(await runFloat64(file, entry, read(entry, file.content)), entry),
    },
    {
      name: `${name}/float32`,
      run: async () => explained(await runFloat32(file, entry, read(entry, file.content)), entry),
    },
  ] satisfies GoldenCase[];
}

/** A failure says which parameters of the case nobody looked at. */
function explained(comparison: Comparison, entry: Entry): Comparison {
  const unread = paramsOf(entry).unread();
  if (comparison.passed || unread.length === 0) return comparison;
  const note = `the runner does not know ${unread.map((key) => `"${key}"`).join(', ')}`;
  return { ...comparison, note: comparison.note === undefined ? note : `${comparison.note}; ${note}` };
}

/** In double precision on plain arrays; also the points on the way where the file has them. */
async function runFloat64(file: GoldenFile, entry: Entry, golden: SamplerCase): Promise<Comparison> {
  const mixture = mixtureOf(file.content.entry('gmm'));
  const { shape } = file.content.tensor('x_T');
  const size = shape[0] * shape[1];
  const draws = file.content.float64('noise');
  const trajectory: number[] = [];
  const model = (x: Float64Array, sigma: number): Float64Array => {
    const denoised = mixture.denoise(x, sigma);
    return golden.thresholded === true ? thresholdRows(denoised, mixture.dimensions) : denoised;
  };
  const sampled = await golden.sample(model, startOf(file, golden), {
    space: float64Space,
    noise: (k) => drawAt(draws, k, size),
    onStep: ({ x }) => void trajectory.push(...x),
  });
  const { denoisedAt } = golden;
  const result = denoisedAt === undefined ? sampled : mixture.denoise(sampled, denoisedAt);
  const tensors = { out: [result, entry.numbers('out_f64')] as const };
  if (!entry.has('trajectory_f64')) return compareAll(tensors, tolerances.sampler);
  return compareAll({ ...tensors, trajectory: [trajectory, entry.numbers('trajectory_f64')] }, tolerances.sampler);
}

/** In single precision on tensors. */
async function runFloat32(file: GoldenFile, entry: Entry, golden: SamplerCase): Promise<Comparison> {
  const mixture = mixtureOf(file.content.entry('gmm'));
  const { shape } = file.content.tensor('x_T');
  const size = shape[0] * shape[1];
  const draws = file.content.float64('noise');
  const upload = (values: ArrayLike<number>): Tensor => tf.tensor2d(Float32Array.from(values), [shape[0], shape[1]]);
  const options: Omit<SampleOptions<Tensor>, 'sigmas'> = {
    space: tensorSpace,
    noise: (k) => upload(drawAt(draws, k, size)),
  };
  const start = upload(startOf(file, golden));
  const denoiser = golden.thresholded === true ? dynamicThreshold(mixture.denoiser) : mixture.denoiser;
  const sampled = await golden.sample(fromDenoiser(denoiser), start, options);
  const { denoisedAt } = golden;
  const result = denoisedAt === undefined ? sampled : await fromDenoiser(mixture.denoiser)(sampled, denoisedAt, 0);
  const values = await result.data();
  tf.dispose([start, sampled, result]);
  return compare(values, entry.numbers('out_f64'), { kind: 'abs', value: entry.number('atol') });
}

function startOf(file: GoldenFile, { startLevel }: SamplerCase): Float64Array {
  if (startLevel === undefined) return file.content.float64('x_T');
  return file.content.float64('z0').map((z) => z * startLevel);
}

function drawAt(draws: Float64Array, k: number, size: number): Float64Array {
  if ((k + 1) * size > draws.length)
    throw new Error(`the sampler asks for draw ${k}, the file has ${draws.length / size}`);
  return draws.slice(k * size, (k + 1) * size);
}
