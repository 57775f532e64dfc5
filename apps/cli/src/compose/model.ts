import type { Compiled } from '@onestep/compile';
import {
  consistencyFromJump,
  preconditioned,
  preconditionedJump,
  preconditioningFromConfig,
  type Denoiser,
  type JumpFunction,
  type Network,
} from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import {
  sampleImages,
  sampleRange,
  type AnyDenoiser,
  type AnyJumpFunction,
  type ImageBatch,
  type ImageModel,
  type ModelKind,
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
import { samplingPlan, type SamplingWish } from './sampling-plan';

/** A model on the current backend, ready to be called. */
export interface LiveModel {
  readonly description: ModelDescription;
  readonly network: Network;
  /** D(x, sigma) or f(x, sigma), by `description.kind`; of a jump G the consistency function G(x, sigma, sigmaMin). */
  readonly denoiser: AnyDenoiser;
  /** G(x, sigma, s) of a jump model, for samplers that jump. */
  readonly jumpFunction?: AnyJumpFunction | undefined;
  /** Whether the network runs as a compiled graph. */
  readonly compiled: boolean;
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
  const jump = jumpOf(description);
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
  const jump = description.kind === 'jump' ? jumpOf(description) : undefined;
  if (!compile || calls < worthCompiling) {
    return {
      description,
      network,
      denoiser: evaluate(params),
      jumpFunction: jump?.(params),
      compiled: false,
      dispose: () => disposeParams(params),
    };
  }
  const denoiser = compiledFunction((p: Params, x: Tensor, sigma: Tensor1D, labels?: Tensor2D) =>
    evaluate(p)(x, sigma, { labels }),
  );
  const jumping =
    jump &&
    compiledFunction((p: Params, x: Tensor, sigma: Tensor1D, s: Tensor1D, labels?: Tensor2D) =>
      jump(p)(x, sigma, s, { labels }),
    );
  return {
    description,
    network,
    denoiser: (x, sigma, condition) => denoiser.call(params, x, sigma, condition?.labels),
    jumpFunction: jumping && ((x, sigma, s, condition) => jumping.call(params, x, sigma, s, condition?.labels)),
    compiled: true,
    dispose() {
      denoiser.dispose();
      jumping?.dispose();
      disposeParams(params);
    },
  };
}

function jumpOf({ network, preconditioning }: ModelDescription): (params: Params) => JumpFunction {
  return preconditionedJump(networkFromConfig(network), preconditioningFromConfig(preconditioning));
}

/** A function of weights as one graph, with the weights baked in; traced at the first call. */
function compiledFunction<Call extends [params: Params, ...inputs: (Tensor | undefined)[]]>(
  evaluate: (...call: Call) => Tensor,
): { readonly call: (...call: Call) => Promise<Tensor>; readonly dispose: () => void } {
  let compiled: Promise<Compiled<Call, Tensor>> | undefined;
  const prepare = async (call: Call): Promise<Compiled<Call, Tensor>> => {
    const { compile } = await import('@onestep/compile');
    return compile(evaluate, call, { constants: [0] });
  };
  return {
    async call(...call) {
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
  const { count, onBatch } = options;
  return sampleImages({ ...sampleOptions(model, options), count, onBatch });
}

/** A range of the endless stream of images, the same bits however the stream is cut. */
export function drawRange(
  model: LiveModel,
  options: Omit<DrawOptions, 'count' | 'onBatch'> & { readonly from: number; readonly to: number },
): AsyncGenerator<ImageBatch, void, undefined> {
  const { from, to } = options;
  return sampleRange({ ...sampleOptions(model, options), from, to });
}

/** Class of an image: the one asked for, or all in turn. */
export function labelOf(index: number, numClasses: number, label: number | undefined): number {
  return label ?? index % numClasses;
}

/** Refuses classes and guidance that the model does not have. */
export function checkLabels(
  { numClasses }: ModelDescription,
  { label, guidanceScale }: Pick<DrawOptions, 'label' | 'guidanceScale'>,
): void {
  if (numClasses === 0 && (label !== undefined || (guidanceScale ?? 1) !== 1)) {
    throw new UsageError('--label and --guidance-scale: the model has no classes. Leave them out.');
  }
  if (label !== undefined && label >= numClasses) {
    throw new UsageError(`--label: expected a class in [0, ${numClasses - 1}], got ${label}.`);
  }
}

/** What all ways of drawing share; only estimates that are images are clipped. */
function sampleOptions(model: LiveModel, options: Omit<DrawOptions, 'count' | 'onBatch'>) {
  const { description } = model;
  const { seed = 0, batchSize = 64, guidanceScale } = options;
  const { shape, numClasses, kind } = description;
  checkLabels(description, options);
  const plan = samplingPlan(description, options);
  return {
    ...plan,
    shape,
    seed,
    batchSize,
    numClasses,
    guidanceScale,
    ...(numClasses > 0 ? { label: (index: number) => labelOf(index, numClasses, options.label) } : {}),
    ...(kind !== 'denoiser' && shape.length === 3 ? { clip: [-1, 1] as const } : {}),
    ...modelFor(model, plan.sampler.accepts),
  };
}

/** The model as a sampler of this kind evaluates it. */
function modelFor({ denoiser, jumpFunction }: LiveModel, accepts: ModelKind): ImageModel {
  if (accepts === 'denoiser') return { denoiser };
  return accepts === 'jump' && jumpFunction !== undefined ? { jumpFunction } : { consistencyFunction: denoiser };
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
