import { compile } from '@onestep/compile';
import { karrasSigmas, tensorSpace } from '@onestep/core';
import type { LenetDataset } from '@onestep/metrics';
import { fdLenet } from '@onestep/metrics/node';
import { countCalls, initialNoise, stepNoise } from '@onestep/sampling';
import { hostTensor, toHost, toTensor, type HostTensor, type Tensor } from '@onestep/tensor';
import { availableParallelism } from 'node:os';
import { studyEngine } from '../rows/run-rows';
import { denoiserCalls, type DenoiserCalls } from './denoiser-calls';
import { measure, type Run, type SamplerLine } from './measure';
import { loadDenoiser } from './load-denoiser';
import { pairErrors } from './pair-errors';
import { isAdaptive, type Levels } from './plan';
import { samplerSetups, type Setup } from './setups';

/** What is asked for. */
export interface ImageSamplersOptions {
  /** A model file, a checkpoint or a run. */
  readonly model: string;
  /** Network calls to spend, one column each. */
  readonly budgets: readonly number[];
  readonly samplers?: readonly string[] | undefined;
  /** Images whose ends are compared. */
  readonly images: number;
  /** Images that FD-LeNet is taken of; 0 for none. */
  readonly scored: number;
  /** Whose real images they are scored against. */
  readonly dataset: LenetDataset;
  readonly seed: number;
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** The samplers on a trained denoiser of images. */
export interface ImageSamplers {
  /** Errors per pixel against the solution by Heun's method with {@link referenceLevels} levels, from the same noise. */
  readonly deterministic: readonly SamplerLine[];
  /** FD-LeNet at {@link scoredBudgets}; none where nothing was scored. */
  readonly scored: readonly SamplerLine[];
  /** What real images score; undefined where nothing was scored. */
  readonly floor?: number | undefined;
}

/** Levels above 0 of the solution that counts as exact. */
export const referenceLevels = 200;
/** Network calls at which images are scored. */
export const scoredBudgets = [10, 20] as const;
/** Samplers without noise that are scored too. */
const scoredWithout: readonly string[] = ['euler', 'heun', 'dpmpp-2m', 'deis, tab, order 3', 'unipc, order 3'];
const batchSize = 64;

/** Runs every sampler over a trained denoiser. */
export async function imageSamplers(options: ImageSamplersOptions): Promise<ImageSamplers> {
  const setups = samplerSetups(options.samplers);
  const model = await loadDenoiser(options.model);
  const { sigmaMin, sigmaMax, shape } = model.description;
  const levels: Levels = { range: { sigmaMin, sigmaMax }, end: 'zero' };
  const calls = await denoiserCalls(model, { batchSize, executor: await studyEngine(availableParallelism()) });
  const { images, scored, budgets, dataset, seed, onProgress } = options;
  const draw = (setup: Setup, sigmas: readonly number[], count: number) =>
    sampled(calls, setup, sigmas, { count, shape, seed });
  const lines = async (chosen: readonly Setup[], columns: readonly number[], run: Run): Promise<SamplerLine[]> => {
    const done: SamplerLine[] = [];
    for (const setup of chosen) {
      done.push(await measure(setup, columns, levels, run));
      onProgress?.(setup.name);
    }
    return done;
  };
  try {
    const [heun] = samplerSetups(['heun']);
    onProgress?.(`the solution with ${referenceLevels} levels`);
    const exact = await draw(heun, [...karrasSigmas(referenceLevels, levels.range), 0], images);
    const deterministic = await lines(
      setups.filter(({ noisy }) => !noisy),
      budgets,
      async (setup, sigmas) => {
        const result = await draw(setup, sigmas, images);
        return { scores: pairErrors(result.images, exact.images), nfe: result.nfe };
      },
    );
    if (scored === 0 || shape.join() !== '28,28,1') return { deterministic, scored: [] };
    let floor: number | undefined;
    const judged = setups.filter((setup) => (setup.noisy || scoredWithout.includes(setup.name)) && !isAdaptive(setup));
    const scores = await lines(judged, scoredBudgets, async (setup, sigmas) => {
      const result = await draw(setup, sigmas, scored);
      const receipt = await fdLenet(result.images, { dataset, compile });
      floor = receipt.floor.value;
      return { scores: { fdLenet: receipt.value }, nfe: result.nfe };
    });
    return { deterministic, scored: scores, floor };
  } finally {
    await calls.dispose();
  }
}

/** The first `count` images of a seed: the same noise for every sampler. */
async function sampled(
  denoiser: DenoiserCalls,
  { sampler, options }: Setup,
  sigmas: readonly number[],
  { count, shape, seed }: { readonly count: number; readonly shape: readonly number[]; readonly seed: number },
): Promise<{ readonly images: HostTensor; readonly nfe: number }> {
  const size = shape.reduce((product, length) => product * length, 1);
  const all = new Float32Array(count * size);
  let nfe = 0;
  for (let first = 0; first < count; first += batchSize) {
    const indices = Array.from({ length: batchSize }, (_, i) => first + i);
    const start = toTensor(initialNoise({ seed, indices, shape, sigmaMax: sigmas[0] }));
    const { model, dispose } = denoiser.batch(first);
    const { call, calls } = countCalls(model);
    try {
      const noise = (step: number): Tensor => toTensor(stepNoise({ seed, indices, shape, step }));
      const result = await sampler.sample(call, start, {
        ...options,
        space: tensorSpace,
        sigmas,
        noise,
      });
      const { data } = await toHost(result);
      result.dispose();
      nfe += calls();
      all.set(data.subarray(0, Math.min(data.length, all.length - first * size)), first * size);
    } finally {
      start.dispose();
      dispose();
    }
  }
  // Per image; batches of an adaptive sampler may differ.
  return { images: hostTensor(all, [count, ...shape]), nfe: nfe / Math.ceil(count / batchSize) };
}
