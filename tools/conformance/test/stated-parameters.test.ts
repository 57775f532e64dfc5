import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@onestep/tensor';
import { afterEach, beforeEach, beforeAll, describe, expect, it } from 'vitest';
import { runConformance } from '../src/run-conformance';

const tensor = (shape: readonly number[], data: readonly (number | string)[], dtype = 'float64') => ({
  shape,
  dtype,
  data,
});
const column = (...data: readonly number[]) => tensor([data.length], data);

/** One image of one element under a network that is its last bias, and the loss of that by hand. */
function ictFile(c: number, huber: string) {
  const [low, high, x0, noise, bias, sigmaData] = [0.002, 80, 0.4, -1.1, 0.3, 0.5];
  const boundary = (sigma: number) => ({
    skip: sigmaData ** 2 / ((sigma - low) ** 2 + sigmaData ** 2),
    out: (sigmaData * (sigma - low)) / Math.hypot(sigma, sigmaData),
  });
  const f = (sigma: number): number => boundary(sigma).skip * (x0 + sigma * noise) + boundary(sigma).out * bias;
  const gap = f(high) - f(low);
  const weight = 1 / (high - low);
  const loss = weight * (Math.hypot(gap, c) - c);
  const zero = { W1: [1, 1], u: [1], b1: [1], W2: [1, 1] };
  const zeros = Object.fromEntries(Object.entries(zero).map(([name, shape]) => [name, tensor(shape, [0])]));
  const gradient = (weight * gap * boundary(high).out) / Math.hypot(gap, c);
  return {
    student: { time_scale: 1, ...zeros, b2: tensor([1], [bias]) },
    cases: [
      {
        num_sigmas: 2,
        sigma_min: low,
        sigma_max: high,
        rho: 7,
        sigma_data: sigmaData,
        pseudo_huber: huber,
        c,
        x0: tensor([1, 1], [x0]),
        noise: tensor([1, 1], [noise]),
        indices: tensor([1], [0], 'int32'),
        sigma_lo: column(low),
        sigma_hi: column(high),
        target_out: tensor([1, 1], [f(low)]),
        weight: column(weight),
        loss_per_sample: column(loss),
        loss,
        grad_of_mean_loss: { ...zeros, b2: tensor([1], [gradient]) },
      },
    ],
  };
}

const vpCase = (numTimesteps: number) => {
  const [betaD, betaMin, sigma] = [10, 0.5, 2];
  const t = (Math.sqrt(betaMin ** 2 + 2 * betaD * Math.log1p(sigma ** 2)) - betaMin) / betaD;
  return {
    wrapper: 'VPPrecond',
    config: { beta_d: betaD, beta_min: betaMin, M: numTimesteps },
    training: true,
    sigma: column(sigma),
    c_skip: column(1),
    c_out: column(-sigma),
    c_in: column(1 / Math.hypot(sigma, 1)),
    c_noise: column((numTimesteps - 1) * t),
  };
};

/** The second level lies below sigmaMin; there the reference's numbers are not ours. */
const belowRange = {
  wrapper: 'ECMPrecond',
  config: { sigma_data: 0.5, sigma_min: 0.01 },
  training: false,
  sigma: column(0.01, 0.005),
  c_skip: column(1, 0.9999),
  c_out: column(0, -0.005),
  c_in: column(1 / Math.hypot(0.01, 0.5), 1 / Math.hypot(0.005, 0.5)),
  c_noise: column(Math.log(0.01) / 4, Math.log(0.005) / 4),
};

/** One step of the scheduler from sigmaMax, with every parameter away from its default. */
function schedulerCase() {
  const [sigmaMin, sigmaMax, sigmaData, x, factor] = [0.01, 20, 0.25, 30, 2];
  const cIn = 1 / Math.hypot(sigmaMax, sigmaData);
  const output = factor * cIn * x;
  const skip = sigmaData ** 2 / ((sigmaMax - sigmaMin) ** 2 + sigmaData ** 2);
  const image = skip * x + sigmaData * (sigmaMax - sigmaMin) * cIn * output;
  const time = 250 * Math.log(sigmaMax);
  return {
    num_train_timesteps: 40,
    num_inference_steps: 1,
    timesteps_custom: null,
    sigma_min: sigmaMin,
    sigma_max: sigmaMax,
    sigma_data: sigmaData,
    rho: 3,
    clip_denoised: false,
    sigmas: column(sigmaMax, sigmaMin),
    timesteps: column(time),
    x_T: tensor([1, 1], [x]),
    W: tensor([1, 1], [factor]),
    noise: [],
    trace: [
      {
        timestep: time,
        scaled_input: tensor([1, 1], [cIn * x]),
        model_output: tensor([1, 1], [output]),
        prev_sample: tensor([1, 1], [image]),
      },
    ],
  };
}

/** From torch.optim.AdamW 1.13 in double precision. */
const amsgrad = {
  p0: column(0.5, -1),
  gradients: tensor([3, 2], [1, -2, 0.1, 3, -0.2, 0.05]),
  cases: [
    {
      optimizer: 'AdamW',
      gradients: 'given',
      lr: 0.1,
      betas: [0.9, 0.5],
      eps: 1e-8,
      weight_decay: 0.1,
      amsgrad: true,
      trace_f64: tensor(
        [3, 2],
        [0.395000001, -0.8900000005, 0.32658974539044267, -0.9044225986996964, 0.2891536285039697, -0.9120098885097526],
      ),
    },
  ],
};

/** Progressive distillation as the reference's defaults call it: end_scales is smaller, and unused. */
const progdist = {
  ema_and_scales: [
    {
      target_ema_mode: 'fixed',
      scale_mode: 'progdist',
      start_ema: 0,
      start_scales: 8,
      end_scales: 4,
      total_steps: null,
      distill_steps_per_iter: 2,
      step: [0, 2, 4, 8],
      target_ema: [1, 1, 1, 1],
      num_scales: [8, 4, 2, 1],
    },
  ],
};

const steepAngle = Math.atan(2e6);
const trigflow = {
  mapping: [
    {
      sigma_data: 0.5,
      sigma: column(1e6),
      t: column(steepAngle),
      cos_t: column(Math.cos(steepAngle)),
      sin_t: column(Math.sin(steepAngle)),
      back_sigma: column(0.5 * Math.tan(steepAngle)),
    },
  ],
  proposal: [],
};

describe('a golden case', () => {
  let folder: string;

  beforeAll(() => useBackend('cpu'));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'onestep-stated-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (content: unknown) => {
    writeFileSync(join(folder, 'case.json'), JSON.stringify(content));
    return runConformance({ folder });
  };

  it.each([
    ['the chain of a VP wrapper', { precond_f32: [vpCase(500), vpCase(1000)] }],
    ['a boundary above the lowest level', { precond_f32: [belowRange] }],
    ['the range, the clipping and the data of a scheduler', { cases: [schedulerCase()] }],
    ['a pseudo-Huber constant of its own', ictFile(0.25, 'vector')],
    ['the constant of the paper', ictFile(0.00054, 'elementwise')],
    ['AdamW with amsgrad', amsgrad],
    ['scales that its mode does not read', progdist],
    ['an angle close to pi/2', trigflow],
  ])('is computed with %s', async (_, content) => {
    const { results } = await run(content);
    expect(results.length).toBeGreaterThan(0);
    expect(results.filter(({ status }) => status !== 'PASS')).toEqual([]);
  });

  it('fails where it names an option that nobody knows, and is not computed with another one', async () => {
    const { results } = await run(ictFile(0.1, 'spatial'));
    expect(results.filter(({ status }) => status === 'FAIL').map(({ note }) => note)).toEqual([
      'unknown pseudo_huber "spatial"',
    ]);
  });

  it('may hold infinities, as strings', async () => {
    const { results } = await run({
      karras: [{ n: 2, sigma_min: 1, sigma_max: 2, rho: 1, sigmas_f64: tensor([3], [2, 'Infinity', 0]) }],
    });
    expect(results).toMatchObject([{ status: 'FAIL', comparison: { maxAbs: Infinity } }]);
  });
});
