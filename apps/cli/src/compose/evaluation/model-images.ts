import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { EvaluationImages } from '@onestep/metrics';
import { UsageError } from '../../errors';
import type { Engine } from '../engine';
import { findModel } from '../find-model';
import { checkLabels, drawRange, liveModel, type DrawOptions } from '../model';
import { checkPlan, samplingPlan } from '../sampling-plan';
import type { ImageSet } from './image-set';

/** How images are drawn from a model. */
export interface ModelImagesOptions extends Omit<DrawOptions, 'onBatch'> {
  /** Which weights of a run. */
  readonly weights?: string | undefined;
}

/**
 * The images of a model, drawn as they are needed; image i is a function of model, seed and i.
 *
 * @throws UsageError if the model makes no images, or the wish does not fit it
 */
export async function openModelImages(place: string, options: ModelImagesOptions, engine: Engine): Promise<ImageSet> {
  const { weights, count, seed = 0, guidanceScale, label } = options;
  const { path, model: description, params } = await findModel(place, weights);
  if (description.shape.length !== 3) {
    throw new UsageError(`${path}: a model of shape [${description.shape.join(', ')}] makes no images.`);
  }
  const plan = samplingPlan(description, options);
  await checkPlan(plan);
  checkLabels(description, options);
  const sha256 = await hashOf(path);
  const model = liveModel(description, params, { compile: engine.compile, calls: count * plan.nfe });
  return {
    id: `model/${sha256.slice(0, 8)}/seed-${seed}`,
    count,
    shape: description.shape,
    generator: {
      sha256,
      kind: description.kind,
      sampler: plan.sampler.name,
      sigmas: plan.sigmas,
      nfe: plan.nfe,
      seed,
      guidanceScale,
      label,
    },
    batches: (from, to) => drawn(drawRange(model, { ...options, from, to })),
    close: () => model.dispose(),
  };
}

async function* drawn(batches: AsyncIterable<{ readonly images: EvaluationImages }>): AsyncGenerator<EvaluationImages> {
  for await (const { images } of batches) yield images;
}

/** Hex SHA-256 of a file. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
