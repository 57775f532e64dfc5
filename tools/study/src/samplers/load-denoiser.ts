import { preconditioningFromConfig } from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import { loadModel } from '@onestep/training/node';
import { modelFile } from '../rows/model-file';
import type { TrainedModel } from '../rows/trained-model';

/**
 * Loads a denoiser from a model file, a checkpoint folder or a run, of which the newest checkpoint is taken; its first
 * evaluation average before the raw weights.
 *
 * @throws TypeError for a model that solvers cannot sample: of another kind, or of a few noise levels alone
 */
export async function loadDenoiser(place: string): Promise<TrainedModel> {
  const path = await modelFile(place);
  const { model: description, params } = await loadModel(path);
  const refuse = (reason: string): never => {
    throw new TypeError(`study: ${path} ${reason}; the samplers are compared on a denoiser.`);
  };
  if (description.kind !== 'denoiser') refuse(`is a ${description.kind} model`);
  if (description.sampling !== undefined) refuse('knows a few noise levels alone');
  return {
    network: networkFromConfig(description.network),
    preconditioning: preconditioningFromConfig(description.preconditioning),
    params,
    description,
  };
}
