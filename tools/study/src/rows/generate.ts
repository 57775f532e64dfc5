import { tensorSpace } from '@onestep/core';
import { euler, multistep, stepNoise } from '@onestep/sampling';
import { hostTensor, randomStream, toHost, toTensor, type HostTensor, type Tensor } from '@onestep/tensor';
import type { ModelCalls } from './model-calls';
import type { SamplePlan } from './row';

/** What is sampled: the first `count` samples of a seed, the same noise for every model. */
export interface GenerateOptions {
  readonly plan: SamplePlan;
  readonly count: number;
  readonly batchSize: number;
  readonly shape: readonly number[];
  readonly seed: number;
  /** Where trajectories end. */
  readonly sigmaMin: number;
}

/** Unit Gaussian noise `[count, ...shape]`; sample i has the stream i, whatever the count. */
export function unitNoise(seed: number, count: number, shape: readonly number[], first = 0): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = new Float32Array(count * size);
  for (let i = 0; i < count; i += 1) data.set(randomStream(seed, 'study.noise', first + i).normal(size), i * size);
  return hostTensor(data, [count, ...shape]);
}

/**
 * Samples a model batch by batch.
 *
 * @returns `[count, ...shape]`
 */
export async function generate(calls: ModelCalls, options: GenerateOptions): Promise<HostTensor> {
  const { plan, count, batchSize, shape, seed } = options;
  const size = shape.reduce((product, length) => product * length, 1);
  const all = new Float32Array(count * size);
  for (let first = 0; first < count; first += batchSize) {
    const noise = unitNoise(seed, batchSize, shape, first);
    const scaled = { ...noise, data: Float32Array.from(noise.data, (value) => value * plan.levels[0]) };
    const start = toTensor(scaled);
    const result = await run(calls, start, first, options);
    const { data } = await toHost(result);
    all.set(data.subarray(0, Math.min(data.length, all.length - first * size)), first * size);
    if (result !== start) result.dispose();
    start.dispose();
  }
  return hostTensor(all, [count, ...shape]);
}

async function run(
  calls: ModelCalls,
  start: Tensor,
  first: number,
  { plan, batchSize, shape, seed, sigmaMin }: GenerateOptions,
): Promise<Tensor> {
  const model = (x: Tensor, sigma: number): Promise<Tensor> => calls.denoise(x, sigma);
  if (plan.kind === 'euler') return euler.sample(model, start, { space: tensorSpace, sigmas: plan.levels });
  if (plan.kind === 'multistep') {
    const indices = Array.from({ length: batchSize }, (_, i) => first + i);
    const noise = (step: number): Tensor => toTensor(stepNoise({ seed, indices, shape, step }));
    return multistep.sample(model, start, { space: tensorSpace, sigmas: plan.levels, noise, sigmaMin });
  }
  let x = start;
  for (let i = 0; i + 1 < plan.levels.length; i += 1) {
    const next = await calls.jump(x, plan.levels[i], plan.levels[i + 1]);
    if (x !== start) x.dispose();
    x = next;
  }
  return x;
}
