import type { Compiled } from '@onestep/compile';
import { karrasSigmas, preconditioned, preconditioningFromConfig, type Network } from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import {
  heun,
  multistep,
  oneStep,
  sampleImages,
  type AnyDenoiser,
  type MultistepOptions,
  type Sampler,
} from '@onestep/sampling';
import {
  disposeParams,
  mapParams,
  toTensor,
  type Params,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import type { HostParams, ModelDescription } from '@onestep/training';
import { UsageError } from '../errors';

/** A model on the current backend, ready to be called. */
export interface LiveModel {
  readonly description: ModelDescription;
  readonly network: Network;
  /** D(x, sigma) or f(x, sigma), by `description.kind`. */
  readonly denoiser: AnyDenoiser;
  /** Frees the weights and what was compiled. */
  dispose(): void;
}

/** Network calls below which tracing and compiling cost more than they save. */
const worthCompiling = 256;

/**
 * Uploads weights and wraps them as their description says.
 *
 * @param options - `compile`: whether an inference runtime may run the network; `calls`: images times network calls to
 * expect, below which it is not worth it
 */
export function liveModel(
  description: ModelDescription,
  weights: HostParams,
  { compile = false, calls = 0 }: { readonly compile?: boolean; readonly calls?: number } = {},
): LiveModel {
  const network = networkFromConfig(description.network);
  const preconditioning = preconditioningFromConfig(description.preconditioning);
  const params = mapParams(weights, toTensor);
  const evaluate = preconditioned(network, preconditioning);
  if (!compile || calls < worthCompiling) {
    return { description, network, denoiser: evaluate(params), dispose: () => disposeParams(params) };
  }
  const { denoiser, dispose } = compiledDenoiser(params, (p, x, sigma, labels) => evaluate(p)(x, sigma, { labels }));
  return {
    description,
    network,
    denoiser,
    dispose() {
      dispose();
      disposeParams(params);
    },
  };
}

type Evaluate = (params: Params, x: Tensor, sigma: Tensor1D, labels: Tensor2D | undefined) => Tensor;
type Call = [params: Params, x: Tensor, sigma: Tensor1D, labels: Tensor2D | undefined];

/** The denoiser as one graph with its weights baked in; traced at the first call. */
function compiledDenoiser(params: Params, evaluate: Evaluate): { denoiser: AnyDenoiser; dispose: () => void } {
  let compiled: Promise<Compiled<Call, Tensor>> | undefined;
  const prepare = async (call: Call): Promise<Compiled<Call, Tensor>> => {
    const { compile } = await import('@onestep/compile');
    return compile(evaluate, call, { constants: [0] });
  };
  return {
    async denoiser(x, sigma, condition) {
      const call: Call = [params, x, sigma, condition?.labels];
      compiled ??= prepare(call);
      return (await compiled)(...call);
    },
    dispose() {
      // A session that never opened has nothing to free; the failure was reported by the call.
      compiled?.then((graph) => graph.dispose()).catch(() => undefined);
    },
  };
}

/** What to draw; everything has a default but `count`. */
export interface DrawOptions {
  readonly count: number;
  readonly seed?: number | undefined;
  /** Consistency models: network calls, default 1. Denoisers: Heun steps, default 18. */
  readonly steps?: number | undefined;
  /** Noise levels instead of the default grid, descending. */
  readonly sigmas?: readonly number[] | undefined;
  readonly batchSize?: number | undefined;
  /** Class of every image; default: image i has class i mod numClasses. */
  readonly label?: number | undefined;
  readonly guidanceScale?: number | undefined;
  readonly onBatch?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** Finished images in host memory. */
export interface Drawn {
  /** `count * H * W * C` values, clipped nowhere. */
  readonly images: Float32Array;
  readonly nfe: number;
  readonly sampler: string;
  readonly sigmas: readonly number[];
  readonly seconds: number;
}

/**
 * Draws images with the sampler that suits the model: one-step or multistep for a consistency function, Heun for a
 * denoiser. Image i depends on (model, seed, i, steps) alone.
 */
export async function draw(model: LiveModel, options: DrawOptions): Promise<Drawn> {
  const { description, denoiser } = model;
  const { count, seed = 0, batchSize = 64, guidanceScale } = options;
  const { shape, numClasses } = description;
  if (numClasses === 0 && (options.label !== undefined || (guidanceScale ?? 1) !== 1)) {
    throw new UsageError('--label and --guidance-scale: the model has no classes. Leave them out.');
  }
  if (options.label !== undefined && options.label >= numClasses) {
    throw new UsageError(`--label: expected a class in [0, ${numClasses - 1}], got ${options.label}.`);
  }
  const common = {
    shape,
    seed,
    count,
    batchSize,
    numClasses,
    guidanceScale,
    onBatch: options.onBatch,
    ...(numClasses > 0 ? { label: (index: number) => options.label ?? index % numClasses } : {}),
  };
  const started = performance.now();
  const plan = description.kind === 'consistency' ? consistencyPlan(description, options) : undefined;
  const sigmas = plan?.sigmas ?? denoiserSigmas(description, options);
  const batches =
    plan === undefined
      ? sampleImages({ ...common, sampler: heun, sigmas, denoiser })
      : sampleImages({ ...common, ...plan, consistencyFunction: denoiser, clip: [-1, 1] });

  const images = new Float32Array(count * shape.reduce((product, side) => product * side, 1));
  let filled = 0;
  let nfe = 0;
  for await (const batch of batches) {
    images.set(batch.images.data, filled);
    filled += batch.images.data.length;
    nfe = batch.nfe;
  }
  const seconds = (performance.now() - started) / 1000;
  return { images, nfe, sampler: (plan?.sampler ?? heun).name, sigmas, seconds };
}

/** Sampler and noise levels of a consistency function. */
function consistencyPlan(
  { sigmaMin, sigmaMax }: ModelDescription,
  { steps = 1, sigmas }: DrawOptions,
): { sampler: Sampler<MultistepOptions>; sigmas: readonly number[]; samplerOptions: MultistepOptions } {
  // Without the last level, sigmaMin, where a consistency function is the identity.
  const levels = sigmas ?? karrasSigmas(steps + 1, { sigmaMin, sigmaMax }).slice(0, -1);
  return { sampler: levels.length === 1 ? oneStep : multistep, sigmas: levels, samplerOptions: { sigmaMin } };
}

function denoiserSigmas({ sigmaMin, sigmaMax }: ModelDescription, { steps = 18, sigmas }: DrawOptions): number[] {
  if (steps < 2 && sigmas === undefined) {
    throw new UsageError(`--steps: this model is a denoiser, which needs at least 2 Heun steps, got ${steps}.`);
  }
  const levels = sigmas ?? karrasSigmas(steps, { sigmaMin, sigmaMax });
  return levels.at(-1) === 0 ? [...levels] : [...levels, 0];
}
