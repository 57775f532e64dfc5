import { perImage, preconditioned, preconditioningFromConfig, type Denoiser } from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import {
  disposeParams,
  hostTensor,
  mapParams,
  OnestepError,
  randomStream,
  tf,
  toTensor,
  type HostTensor,
  type Params,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import type { ModelDescription, ModelFile } from '@onestep/training';
import { UsageError } from '../errors';
import { sampledFunction } from './model';

/** What a written file computes: noise to image in one call, or the model itself. */
export const exportKinds = ['generator', 'denoiser'] as const;
export type ExportKind = (typeof exportKinds)[number];

/** A model as ONNX, and how it was checked. */
export interface ExportedModel {
  readonly bytes: Uint8Array;
  readonly inputs: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Largest difference to this program's own result at two batch sizes; undefined where no runtime is installed. */
  readonly maxError: number | undefined;
}

/** Differences that float32 and another order of summation explain, relative to 1 + the largest pixel. */
const tolerance = 1e-4;

type Evaluate = (params: Params, x: Tensor, sigma: Tensor1D, ...labels: Tensor2D[]) => Tensor;

/**
 * Writes a model as ONNX with its weights inside and any batch size, and runs what it wrote.
 *
 * @param kind - `generator`: clip(f(sigma noise, sigma), -1, 1) of a consistency function or a jump; `denoiser`: D(x, sigma),
 * of a jump the one it holds
 * @throws UsageError for a generator of a model that is a denoiser
 * @throws OnestepError `invalid-model` if the written file computes something else than the model
 */
export async function exportModel({ model, params }: ModelFile, kind: ExportKind): Promise<ExportedModel> {
  const generator = generatorOf(model);
  if (kind === 'generator' && generator === undefined) {
    throw new UsageError('A denoiser makes no image in one call. Export a consistency model, or pass --what denoiser.');
  }
  const apply =
    kind === 'generator' && generator !== undefined
      ? generator
      : preconditioned(networkFromConfig(model.network), preconditioningFromConfig(model.preconditioning));
  const evaluate: Evaluate = (weights, x, sigma, labels) => {
    const condition = labels === undefined ? {} : { labels };
    if (kind === 'denoiser') return apply(weights)(x, sigma, condition);
    return tf.clipByValue(apply(weights)(tf.mul(x, perImage(sigma, x)), sigma, condition), -1, 1);
  };
  const conditional = model.numClasses > 0;
  const imageName = kind === 'generator' ? 'noise' : 'x';
  const shape = `float32 [B, ${model.shape.join(', ')}]`;
  const inputs = {
    [imageName]: kind === 'generator' ? `${shape}, standard normal` : `${shape}, noised image`,
    sigma: `float32 [B], ${sigmaMeaning(model, kind)}`,
    ...(conditional ? { labels: `float32 [B, ${model.numClasses}], one-hot` } : {}),
  };
  const metadata = {
    producer: 'onestep',
    kind,
    shape: JSON.stringify(model.shape),
    numClasses: String(model.numClasses),
    sigmaMin: String(model.sigmaMin),
    sigmaMax: String(model.sigmaMax),
    layout: 'NHWC, images in [-1, 1]',
  };
  const { exportOnnx } = await import('@onestep/compile');
  const weights = mapParams(params, toTensor);
  const examples = exampleInputs(model, 2).map(toTensor);
  try {
    const bytes = await exportOnnx(
      (...args: [Params, Tensor, Tensor1D, ...Tensor2D[]]) => evaluate(...args),
      [weights, ...examples] as [Params, Tensor, Tensor1D, ...Tensor2D[]],
      {
        constants: [0],
        inputNames: Object.keys(inputs),
        outputNames: [kind === 'generator' ? 'image' : 'denoised'],
        metadata,
      },
    );
    return { bytes, inputs, metadata, maxError: await verify(bytes, model, (...args) => evaluate(weights, ...args)) };
  } finally {
    tf.dispose(examples);
    disposeParams(weights);
  }
}

/**
 * What maps noise to an image in one call: a consistency function, a jump, or a denoiser that was distilled down to a single
 * Euler step; undefined for other denoisers.
 */
export function generatorOf(model: ModelDescription): ((params: Params) => Denoiser) | undefined {
  const sampled = sampledFunction(model);
  if (model.kind !== 'denoiser') return sampled;
  if (model.sampling?.sampler !== 'euler' || model.sampling.sigmas.length !== 2) return undefined;
  const [sigma, sigmaNext] = model.sampling.sigmas;
  const kept = sigmaNext / sigma;
  return (params) => {
    const denoise = sampled(params);
    return (x, level, condition) =>
      tf.tidy(() => tf.add(tf.mul(x, kept), tf.mul(denoise(x, level, condition), 1 - kept)));
  };
}

/** What the file's second input may be. */
function sigmaMeaning({ sigmaMin, sigmaMax, sampling }: ModelDescription, kind: ExportKind): string {
  if (sampling !== undefined) {
    const levels = sampling.sigmas.slice(0, sampling.sampler === 'one-step' ? 1 : -1);
    return levels.length <= 4
      ? levels.map((level) => String(Number(level.toPrecision(6)))).join(' or ')
      : `one of ${levels.length} levels`;
  }
  return kind === 'generator' ? `${sigmaMax} for one step` : `${sigmaMin} to ${sigmaMax}`;
}

/** Noise, levels spread over the model's range, and labels for `batch` images. */
function exampleInputs(model: ModelDescription, batch: number): HostTensor[] {
  const size = model.shape.reduce((product, side) => product * side, batch);
  const noise = hostTensor(randomStream(0, 'export.noise', batch).normal(size), [batch, ...model.shape]);
  const sigma = hostTensor(Float32Array.from({ length: batch }, (_, i) => (i === 0 ? model.sigmaMax : 0.5 * (i + 1))));
  if (model.numClasses === 0) return [noise, sigma];
  const labels = new Float32Array(batch * model.numClasses);
  for (let i = 0; i < batch; i += 1) labels[i * model.numClasses + (i % model.numClasses)] = 1;
  return [noise, sigma, hostTensor(labels, [batch, model.numClasses])];
}

/** Runs the file at batch sizes other than the traced one and compares with the model itself. */
async function verify(
  bytes: Uint8Array,
  model: ModelDescription,
  evaluate: (x: Tensor, sigma: Tensor1D, ...labels: Tensor2D[]) => Tensor,
): Promise<number | undefined> {
  const { chooseExecutor } = await import('@onestep/compile');
  const executor = await chooseExecutor().catch((error: unknown) => {
    if (error instanceof OnestepError && error.code === 'missing-backend') return undefined;
    throw error;
  });
  if (executor === undefined) return undefined;
  const session = await executor.open(bytes, { outputCount: 1 });
  let maxError = 0;
  try {
    for (const batch of [1, 3]) {
      const inputs = exampleInputs(model, batch);
      const [written] = await session.run(inputs.map((input) => executor.value(input)));
      const own = tf.tidy(() => evaluate(...(inputs.map(toTensor) as [Tensor, Tensor1D, ...Tensor2D[]])));
      const wanted = (await own.data()) as Float32Array;
      own.dispose();
      const got = await written.read();
      const scale = 1 + wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      for (let i = 0; i < wanted.length; i += 1) maxError = Math.max(maxError, Math.abs(got[i] - wanted[i]) / scale);
      written.dispose();
    }
  } finally {
    await session.dispose();
  }
  // NaN fails too.
  if (!(maxError <= tolerance)) {
    throw new OnestepError(
      'invalid-model',
      `export: the written model differs from the original by ${maxError}, expected at most ${tolerance}. Nothing was kept.`,
    );
  }
  return maxError;
}
