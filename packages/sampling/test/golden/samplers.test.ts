import { appendZero, float64Space, karrasSigmas, tensorSpace } from '@onestep/core';
import { countLeaks, tf, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { goldenFolder } from '../../../../tools/workspace/golden';
import { euler, eulerAncestral, fromDenoiser, heun, multistep, oneStep, type Sampler } from '../../src';
import { readGoldenSamplers, type GoldenRun, type GoldenSamplers } from './golden-samplers';

type Options = Readonly<Record<string, unknown>>;
interface Run {
  readonly sampler: Sampler;
  readonly sigmas: readonly number[];
  readonly own: Options;
}

const value = (text: number | 'Infinity'): number => Number(text);
const churn = ({ params = {} }: GoldenRun): Options => ({
  sChurn: value(params.s_churn ?? params.S_churn),
  sMin: value(params.s_tmin ?? params.S_min),
  sMax: value(params.s_tmax ?? params.S_max),
  sNoise: value(params.s_noise ?? params.S_noise),
});
const grid = ({ sigma_min, sigma_max, rho }: GoldenSamplers, n: number): number[] =>
  karrasSigmas(n, { sigmaMin: sigma_min, sigmaMax: sigma_max, rho });

/** How each reference is called here; references that agree share a sampler. */
const runs: Readonly<Record<string, (run: GoldenRun, file: GoldenSamplers) => Run>> = {
  euler: (run, file) => ({ sampler: euler, sigmas: appendZero(grid(file, run.n)), own: {} }),
  euler_churn: (run, file) => ({ sampler: euler, sigmas: appendZero(grid(file, run.n)), own: churn(run) }),
  heun: (run, file) => ({ sampler: heun, sigmas: appendZero(grid(file, run.n)), own: {} }),
  heun_churn: (run, file) => ({ sampler: heun, sigmas: appendZero(grid(file, run.n)), own: churn(run) }),
  euler_ancestral: (run, file) => ({
    sampler: eulerAncestral,
    sigmas: appendZero(grid(file, run.n)),
    own: { eta: run.params?.eta, sNoise: run.params?.s_noise },
  }),
  openai_heun: (run, file) => runs.heun(run, file),
  openai_heun_churn: (run, file) => runs.heun_churn(run, file),
  openai_euler: (run, file) => runs.euler(run, file),
  openai_euler_ancestral: (run, file) => runs.euler_ancestral(run, file),
  // Stops at sigmaMin, on a grid of one level more.
  openai_progdist: (run, file) => ({ sampler: euler, sigmas: grid(file, run.n + 1), own: {} }),
  openai_onestep: (_, file) => ({ sampler: oneStep, sigmas: [file.sigma_max], own: {} }),
  openai_multistep: ({ ts, steps }, file) => ({
    sampler: multistep,
    // The last index is sigmaMin, which is not evaluated.
    sigmas: ts.slice(0, -1).map((index) => grid(file, steps)[index]),
    own: { sigmaMin: file.sigma_min },
  }),
  ect_multistep: (run) => ({ sampler: multistep, sigmas: [run.t_max, ...run.mid_t], own: { renoise: 'ect' } }),
  edm_sampler: (run, file) => runs.heun(run, file),
  edm_sampler_stochastic: (run, file) => runs.heun_churn(run, file),
};

describe.runIf(goldenFolder() !== undefined).each(['gmm2d', 'gmm16d'])('reference runs on %s', (name) => {
  const file = goldenFolder() === undefined ? undefined : readGoldenSamplers(name);
  const cases = (file?.cases ?? []).flatMap((run, i) =>
    run.name in runs ? [[`${run.name} #${i}`, run] as const] : [],
  );

  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each(cases)('%s is matched to 1e-9 in float64', async (_, run) => {
    const { mixture, startOf, draw } = file!;
    const { sampler, sigmas, own } = runs[run.name](run, file!);
    const trajectory: number[] = [];
    const onStep = ({ x }: { x: Float64Array }): void => void trajectory.push(...x);
    const options = { ...own, space: float64Space, sigmas, noise: draw, onStep };
    const result = await sampler.sample((x, sigma) => mixture.denoise(x, sigma), startOf(run), options);
    expect(worst(result, run.out_f64.data)).toBeLessThan(1e-9);
    if (run.trajectory_f64 !== undefined) expect(worst(trajectory, run.trajectory_f64.data)).toBeLessThan(1e-9);
  });

  it.each(cases)('%s is matched to its atol in float32 on tensors, without leaks', async (_, run) => {
    const { mixture, startOf, draw } = file!;
    const { sampler, sigmas, own } = runs[run.name](run, file!);
    const shape = file!.x_T.shape as [number, number];
    const upload = (values: Float64Array) => tf.tensor2d(Float32Array.from(values), shape);
    const { result, leaked } = await countLeaks(async () => {
      const x = upload(startOf(run));
      const options = { ...own, space: tensorSpace, sigmas, noise: (k: number) => upload(draw(k)) };
      const image = await sampler.sample(fromDenoiser(mixture.denoiser), x, options);
      const values = await image.data();
      tf.dispose([x, image]);
      return values;
    });
    expect(Math.max(...run.out_f64.data.map((expected, i) => Math.abs(result[i] - expected)))).toBeLessThan(run.atol);
    expect(leaked).toBe(0);
  });

  it('has the error of the reference Heun against the exact trajectory, for every n', async () => {
    const { mixture, x_T, pf_ode_solution_at_sigma_min: exact } = file!;
    const start = Float64Array.from(x_T.data);
    for (const [n, expected] of Object.entries(exact.heun_max_error_by_n)) {
      const options = { space: float64Space, sigmas: grid(file!, Number(n)) };
      const result = await heun.sample((x, sigma) => mixture.denoise(x, sigma), start, options);
      const error = Math.max(...exact.value.data.map((truth, i) => Math.abs(result[i] - truth)));
      expect(error / expected).toBeCloseTo(1, 3);
    }
  });
});

/** Largest |a - b| / (1 + max|b|). */
function worst(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  const peak = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((truth, i) => Math.abs(actual[i] - truth))) / (1 + peak);
}
