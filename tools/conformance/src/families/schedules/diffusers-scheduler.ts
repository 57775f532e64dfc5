import { consistencyPreconditioning, consistencySchedulerGrid, float64Space, type Coefficients } from '@onestep/core';
import { multistep } from '@onestep/sampling';
import type { AnyCase } from '../../case';
import { compareAll, tolerances } from '../../compare';
import { bySection, eachEntry, type Family } from '../../family';
import { type Entry, isTensor, MalformedCase } from '../../golden-json';

/** The consistency-model scheduler of diffusers: levels, times, and a whole run (`diffusers_cm_scheduler.json`). */
export const diffusersScheduler: Family = {
  name: 'diffusers scheduler',
  recognises: (content) => content.everyCaseHas('num_train_timesteps'),
  cases: (file) => bySection(file, { cases: () => eachEntry(file, 'cases', schedulerCases) }),
};

function schedulerCases(entry: Entry, name: string): readonly AnyCase[] {
  const grid = () =>
    consistencySchedulerGrid(
      entry.has('timesteps_custom') ? entry.numbers('timesteps_custom') : entry.number('num_inference_steps'),
      { numTrainTimesteps: entry.number('num_train_timesteps'), ...rangeOf(entry), rho: entry.numberOr('rho', 7) },
    );
  return [
    {
      name: `${name}/grid`,
      run() {
        const { sigmas, timesteps } = grid();
        return compareAll(
          { sigmas: [sigmas, entry.numbers('sigmas')], timesteps: [timesteps, entry.numbers('timesteps')] },
          tolerances.scheduleFloat32,
        );
      },
    },
    { name: `${name}/trace`, run: () => traceComparison(entry, grid().sigmas.slice(0, -1)) },
  ];
}

/** The scheduler's own range, or its default. */
function rangeOf(entry: Entry): { readonly sigmaMin: number; readonly sigmaMax: number } {
  return { sigmaMin: entry.numberOr('sigma_min', 0.002), sigmaMax: entry.numberOr('sigma_max', 80) };
}

/** Multistep sampling with the network F(x) = x W, clipped as the scheduler clips. */
async function traceComparison(entry: Entry, sigmas: readonly number[]) {
  const range = rangeOf(entry);
  const { at } = consistencyPreconditioning({
    ...range,
    sigmaData: entry.numberOr('sigma_data', 0.5),
    cNoise: 'openai',
  });
  const noiseScale = entry.numberOr('s_noise', 1);
  const weights = entry.tensor('W');
  const trace = entry.entries('trace');
  const noise = entry.json.noise as readonly unknown[];
  const seen: { input: number[]; output: number[]; time: number; result: number[] }[] = [];
  const model = (x: Float64Array, sigma: number): Float64Array => {
    const { cSkip, cOut, cIn, cNoise }: Coefficients<number> = at(sigma);
    const input = x.map((value) => value * cIn);
    const output = timesMatrix(input, weights.data, weights.shape[0]);
    seen.push({ input: [...input], output: [...output], time: cNoise, result: [] });
    return x.map((value, i) => cSkip * value + cOut * output[i]);
  };
  await multistep.sample(model, entry.float64('x_T'), {
    space: float64Space,
    sigmas,
    sigmaMin: range.sigmaMin,
    clip: entry.flagOr('clip_denoised', true) ? [-1, 1] : undefined,
    noise(k) {
      const draw = noise[k];
      if (!isTensor(draw)) throw new MalformedCase(`"noise"[${k}] should be a tensor`);
      return Float64Array.from(draw.data, (value) => noiseScale * value);
    },
    onStep: ({ index, next }) => void seen[index].result.push(...next),
  });
  return compareAll(
    Object.fromEntries(
      trace.flatMap((step, i) => [
        [`timestep.${i}`, [[seen[i].time], [step.number('timestep')]]],
        [`scaled_input.${i}`, [seen[i].input, step.numbers('scaled_input')]],
        [`model_output.${i}`, [seen[i].output, step.numbers('model_output')]],
        [`prev_sample.${i}`, [seen[i].result, step.numbers('prev_sample')]],
      ]),
    ),
    tolerances.scheduleFloat32,
  );
}

function timesMatrix(rows: Float64Array, matrix: readonly number[], size: number): Float64Array {
  const product = new Float64Array(rows.length);
  for (let start = 0; start < rows.length; start += size) {
    for (let i = 0; i < size; i += 1) {
      for (let j = 0; j < size; j += 1) product[start + j] += rows[start + i] * matrix[i * size + j];
    }
  }
  return product;
}
