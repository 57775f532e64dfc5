import { float64Space } from '@onestep/core';
import { slicedWasserstein, type PointSet } from '@onestep/metrics';
import { countCalls } from '@onestep/sampling';
import { randomStream, type HostTensor } from '@onestep/tensor';
import { exactEnds, mixtureProblem, type MixtureProblem } from '../mixtures/problem';
import { unitNoise } from '../rows/generate';
import { measure, type Run, type SamplerLine, type Scores } from './measure';
import { pairErrors } from './pair-errors';
import { isAdaptive } from './plan';
import { samplerSetups, type Setup } from './setups';

/** What is asked for. */
export interface MixtureSamplersOptions {
  readonly problem: MixtureProblem['name'];
  /** Network calls to spend, one column each. */
  readonly budgets: readonly number[];
  /** Names of the registry; default all that take a denoiser. */
  readonly samplers?: readonly string[] | undefined;
  readonly points: number;
  readonly seed: number;
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** The samplers on a mixture. */
export interface MixtureSamplers {
  /** Errors against the exact end of each trajectory, at sigmaMin. */
  readonly deterministic: readonly SamplerLine[];
  /** Sliced Wasserstein distance to fresh draws, at 0; two without noise among them, to compare. */
  readonly noisy: readonly SamplerLine[];
  /** The same distance of other draws, and of the exact ends. */
  readonly floor: { readonly data: number; readonly exactEnds: number };
}

/** Samplers without noise that those with noise are shown beside. */
const compared: readonly string[] = ['euler', 'dpmpp-2m'];

/** Runs every sampler over the exact denoiser of a mixture, in double precision. */
export async function mixtureSamplers(options: MixtureSamplersOptions): Promise<MixtureSamplers> {
  const { budgets, points, seed, onProgress } = options;
  const setups = samplerSetups(options.samplers);
  const problem = mixtureProblem(options.problem);
  const noise = unitNoise(seed, points, [problem.dimensions]);
  const ends = extrapolatedEnds(problem, noise);
  const data = problem.draw(seed, 'study.reference', points);
  const distance = (samples: PointSet): number => slicedWasserstein(samples, data, { projections: 128, seed });
  const runner = (score: (samples: PointSet) => Scores): Run => mixtureRun(problem, noise, seed, score);
  const lines = async (chosen: readonly Setup[], end: 'zero' | 'sigmaMin', run: Run): Promise<SamplerLine[]> => {
    const done: SamplerLine[] = [];
    for (const setup of chosen) {
      done.push(await measure(setup, budgets, { range: problem, end }, run));
      onProgress?.(`${problem.name}: ${setup.name}`);
    }
    return done;
  };
  const noisy = setups.filter((setup) => setup.noisy && !isAdaptive(setup));
  const beside = noisy.length === 0 ? [] : samplerSetups(compared);
  return {
    deterministic: await lines(
      setups.filter((setup) => !setup.noisy),
      'sigmaMin',
      runner((samples) => pairErrors(samples, ends)),
    ),
    noisy: await lines(
      [...beside, ...noisy],
      'zero',
      runner((samples) => ({ slicedWasserstein: distance(samples) })),
    ),
    floor: { data: distance(problem.draw(seed, 'study.floor', points)), exactEnds: distance(ends) },
  };
}

function mixtureRun(
  problem: MixtureProblem,
  noise: HostTensor,
  seed: number,
  score: (samples: PointSet) => Scores,
): Run {
  return async ({ sampler, options }, sigmas) => {
    const { call, calls } = countCalls(problem.mixture.denoise);
    const start = Float64Array.from(noise.data, (value) => value * sigmas[0]);
    const draw = (k: number): Float64Array =>
      Float64Array.from(randomStream(seed, 'study.sampler-noise', k).normal(start.length));
    const data = await sampler.sample((x: Float64Array, sigma) => call(x, sigma), start, {
      ...options,
      space: float64Space,
      sigmas,
      noise: draw,
    });
    return { scores: score({ shape: noise.shape, data }), nfe: calls() };
  };
}

/**
 * The exact ends, their error of order 2 cancelled between a grid and its halves: solvers of high order come closer to the
 * truth in 80 calls than Heun's method in 800.
 *
 * @param intervals - of the coarser grid
 */
export function extrapolatedEnds(problem: MixtureProblem, noise: HostTensor, intervals = 400): PointSet {
  const coarse = exactEnds(problem, noise, intervals + 1);
  const fine = exactEnds(problem, noise, 2 * intervals + 1);
  const data = Float64Array.from(fine.data, (value, i) => value + (value - coarse.data[i]) / 3);
  return { shape: noise.shape, data };
}
