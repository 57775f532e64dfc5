import { compile, type ExecutorChoice } from '@onestep/compile';
import {
  consistencyFromJump,
  preconditioned,
  preconditionedJump,
  preconditioningFromConfig,
  type Denoiser,
} from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import type { AnyDenoiser, EditImagesOptions } from '@onestep/sampling';
import { disposeParams, paramsFromHost, tf, type Params, type Rank, type Tensor, type Tensor1D, type Tensor2D } from '@onestep/tensor'; // prettier-ignore
import type { ModelDescription, ModelFile } from '@onestep/training';
import { loadModel } from '@onestep/training/node';
import { basename } from 'node:path';
import { modelFile } from '../rows/model-file';

/** A model that edits, and what edits must be told of it. */
export interface EditingModel {
  readonly kind: ModelDescription['kind'];
  /** File and weights in words, without folders. */
  readonly name: string;
  readonly shape: readonly number[];
  /** 0 for models without classes. */
  readonly numClasses: number;
  /** The function, the range of its noise levels, and its classes, as every edit takes them. */
  readonly options: EditImagesOptions;
  dispose(): Promise<void>;
}

/** Options of {@link compiledModel}. */
export interface CompiledModelOptions {
  readonly name: string;
  /** Images through the network at once; other sizes are compiled when they come. */
  readonly batchSize: number;
  readonly executor?: ExecutorChoice | undefined;
}

/**
 * Compiles a model of a file, with its weights baked in.
 *
 * @throws {@link RangeError} for weights that were trained at a few noise levels alone, which no edit can use
 */
export async function compiledModel(
  { model, params }: ModelFile,
  { name, batchSize, executor }: CompiledModelOptions,
): Promise<EditingModel> {
  const { kind, shape, numClasses, sigmaMin, sigmaMax, sampling } = model;
  if (sampling !== undefined) {
    throw new RangeError(`study: ${name} was trained at a few noise levels alone, and edits go through many.`);
  }
  const evaluate = editingFunction(model);
  const weights = paramsFromHost(params);
  const x = tf.zeros([batchSize, ...shape]);
  const sigma = tf.ones<Rank.R1>([batchSize]);
  const labels = numClasses === 0 ? undefined : tf.zeros<Rank.R2>([batchSize, numClasses]);
  const graph = await compile(
    (w: Params, input: Tensor, level: Tensor1D, classes?: Tensor2D) => evaluate(w)(input, level, { labels: classes }),
    [weights, x, sigma, labels],
    { executor, constants: [0] },
  );
  tf.dispose([x, sigma, ...(labels === undefined ? [] : [labels])]);
  const call: AnyDenoiser = (input, level, condition) => graph(weights, input, level, condition?.labels);
  return {
    kind,
    name,
    shape,
    numClasses,
    options: {
      ...(kind === 'denoiser' ? { denoiser: call } : { consistencyFunction: call }),
      ...{ sigmaMin, sigmaMax, numClasses, batchSize },
    },
    async dispose() {
      disposeParams(weights);
      await graph.dispose();
    },
  };
}

/** D or f as the preconditioning makes it; of a jump the consistency function G(x, sigma, sigmaMin). */
function editingFunction(model: ModelDescription): (params: Params) => Denoiser {
  const network = networkFromConfig(model.network);
  const preconditioning = preconditioningFromConfig(model.preconditioning);
  if (model.kind !== 'jump') return preconditioned(network, preconditioning);
  const jump = preconditionedJump(network, preconditioning);
  return (params) => consistencyFromJump(jump(params), model.sigmaMin);
}

/** Loads and compiles the model at a place: a file, a checkpoint or a run. */
export async function loadEditingModel(
  place: string,
  options: Omit<CompiledModelOptions, 'name'>,
): Promise<EditingModel> {
  const path = await modelFile(place);
  return compiledModel(await loadModel(path), { ...options, name: `${basename(place)} (${basename(path)})` });
}
