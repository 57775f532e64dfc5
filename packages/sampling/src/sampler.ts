import type { VectorSpace } from '@onestep/core';

/** Kinds of model: D(x, sigma) the mean of the data given x, f(x, sigma) the end of the path, G(x, sigma, s) any point of it. */
export type ModelKind = 'denoiser' | 'consistency' | 'jump';

/**
 * What a sampler evaluates: a denoiser D(x, sigma), a consistency function f(x, sigma) or a jump G(x, sigma, target), at
 * one noise level for the whole batch. It returns one new vector; the sampler frees it. Only a jump reads `target`, the
 * level it goes to; the others are given 0.
 *
 * @remarks Synchronous over tensors, where whatever else it made is freed for it. A model that runs on another engine
 * may answer with a promise; it then works on host arrays.
 */
export type Model<X> = (x: X, sigma: number, target: number) => X | Promise<X>;

/** What `onStep` sees; the vectors are freed after the step, so copy what must outlive it. */
export interface StepState<X> {
  /** Step number, from 0. */
  readonly index: number;
  /** Noise level of `x`: the grid's, or the higher one that churn raised it to. */
  readonly sigma: number;
  /** Noise level the step leads to. */
  readonly sigmaNext: number;
  /** Where the model was first evaluated in this step (after churn noise). */
  readonly x: X;
  /** The model's first answer in this step, after clipping; of a jump, where it first went. */
  readonly denoised: X;
  /** Result of the step. */
  readonly next: X;
}

/** What every sampler takes. */
export interface SampleOptions<X> {
  /** Where vectors live: `tensorSpace`, or `float64Space` for plain arrays. */
  readonly space: VectorSpace<X>;
  /**
   * Strictly decreasing noise levels, of which a consistency function may see one several times in a row; `x` starts at
   * `sigmas[0]`. Each sampler says how the list ends and what it visits.
   */
  readonly sigmas: readonly number[];
  /**
   * Unit Gaussian draw `k`, a new vector that the sampler frees. Needed only where noise is added; draw `j` of step `i` is
   * `k = i drawsPerStep + j`.
   */
  readonly noise?: ((k: number) => X) | undefined;
  /** Clips every model output to [low, high]; default: no clipping. */
  readonly clip?: readonly [low: number, high: number] | undefined;
  /** Called after every step, awaited. */
  readonly onStep?: ((state: StepState<X>) => void | Promise<void>) | undefined;
}

/**
 * A map from noise to images: data about itself and one function.
 *
 * @typeParam Options - what this sampler takes beside {@link SampleOptions}
 */
export interface Sampler<Options = object> {
  /** Name in recipes, flags and the registry. */
  readonly name: string;
  /**
   * Declared order of convergence of the deterministic form, with default options; of a multistep method once it has its
   * history. 0 where there is no ODE to converge to.
   */
  readonly order: number;
  /** Whether noise is drawn. */
  readonly stochastic: 'never' | 'optional' | 'always';
  /** Kind of model; no other gives anything but silent nonsense, so others are refused. */
  readonly accepts: ModelKind;
  /** Whether the list of noise levels ends with a 0 that is reached, not evaluated. */
  readonly finalZero: 'expected' | 'refused';
  /**
   * Whether every level of the list is a step's end (`each`), or only the first and the last count and the sampler
   * chooses those between (`ends`). Default `each`.
   */
  readonly levels?: 'each' | 'ends' | undefined;
  /** Unit draws of one step, default 1; 0 where none is ever drawn. */
  readonly drawsPerStep?: number | undefined;
  /** Whether an image depends on those sampled beside it (a step size chosen for the whole batch). Default false. */
  readonly couplesBatch?: boolean | undefined;
  /** Network calls per image for a list of noise levels; undefined where the sampler decides as it goes. */
  nfe(options: Pick<SampleOptions<unknown>, 'sigmas'> & Options): number | undefined;
  /**
   * Maps `x` at noise level `sigmas[0]` to an image.
   *
   * @returns a new vector that the caller frees; `x` stays the caller's
   */
  sample<X>(model: Model<X>, x: X, options: SampleOptions<X> & Options): Promise<X>;
}
