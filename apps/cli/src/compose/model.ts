import type { Compiled } from '@onestep/compile';
import {
  consistencyFromJump,
  preconditioned,
  preconditionedJump,
  preconditioningFromConfig,
  type Denoiser,
  type Network,
} from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import { sampleImages, type AnyDenoiser, type ImageBatch } from '@onestep/sampling';
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
import { samplingPlan, type SamplingWish } from './sampling-plan';

/** A model on the current backend, ready to be called. */
export interface LiveModel {
  readonly description: ModelDescription;
  readonly network: Network;
  /** D(x, sigma) or f(x, sigma), by `description.kind`; of a jump G the consistency function G(x, sigma, sigmaMin). */
  readonly denoiser: AnyDenoiser;
  /** Frees the weights and what was compiled. */
  dispose(): void;
}

/** Network calls below which tracing and compiling cost more than they save. */
const worthCompiling = 256;

/**
 * The function that samplers call, for given weights: a denoiser or consistency function as the preconditioning makes it,
 * the consistency function G(x, sigma, sigmaMin) of a jump.
 */
export function sampledFunction(description: ModelDescription): (params: Params) => Denoiser {
  const network = networkFromConfig(description.network);
  const preconditioning = preconditioningFromConfig(description.preconditioning);
  if (description.kind !== 'jump') return preconditioned(network, preconditioning);
  const jump = preconditionedJump(network, preconditioning);
  return (params) => consistencyFromJump(jump(params), description.sigmaMin);
}

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
  const params = mapParams(weights, toTensor);
  const evaluate = sampledFunction(description);
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
export interface DrawOptions extends SamplingWish {
  readonly count: number;
  readonly seed?: number | undefined;
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

/** Images as they are made, batch by batch, with the sampler that suits the model. */
export function drawBatches(model: LiveModel, options: DrawOptions): AsyncGenerator<ImageBatch, void, undefined> {
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
    ...samplingPlan(description, options),
    shape,
    seed,
    count,
    batchSize,
    numClasses,
    guidanceScale,
    onBatch: options.onBatch,
    ...(numClasses > 0 ? { label: (index: number) => options.label ?? index % numClasses } : {}),
  };
  return description.kind === 'denoiser'
    ? sampleImages({ ...common, denoiser })
    : sampleImages({ ...common, consistencyFunction: denoiser, clip: [-1, 1] });
}

/** Draws images; image i depends on (model, seed, i, steps) alone. */
export async function draw(model: LiveModel, options: DrawOptions): Promise<Drawn> {
  const { count } = options;
  const { sampler, sigmas } = samplingPlan(model.description, options);
  const started = performance.now();
  const images = new Float32Array(count * model.description.shape.reduce((product, side) => product * side, 1));
  let filled = 0;
  let nfe = 0;
  for await (const batch of drawBatches(model, options)) {
    images.set(batch.images.data, filled);
    filled += batch.images.data.length;
    nfe = batch.nfe;
  }
  return { images, nfe, sampler: sampler.name, sigmas, seconds: (performance.now() - started) / 1000 };
}
