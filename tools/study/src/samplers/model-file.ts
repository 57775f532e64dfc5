import { preconditioningFromConfig } from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import { latestStep, loadModel } from '@onestep/training/node';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainedModel } from '../rows/trained-model';

/**
 * Loads a denoiser from a model file, a checkpoint folder or a run, of which the newest checkpoint is taken; its first
 * evaluation average before the raw weights.
 *
 * @throws TypeError for a model that solvers cannot sample: of another kind, or of a few noise levels alone
 */
export async function loadDenoiser(place: string): Promise<TrainedModel> {
  const path = await modelPath(place);
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

async function modelPath(place: string): Promise<string> {
  if ((await stat(place)).isFile()) return place;
  const step = await latestStep(place);
  const folder = step === undefined ? place : join(place, 'checkpoints', String(step));
  const files = await readdir(folder);
  const average = files.filter((name) => /^ema-.*\.safetensors$/.test(name)).sort()[0];
  const found = average ?? files.find((name) => name === 'model.safetensors');
  if (found === undefined) throw new TypeError(`study: ${place} holds no model, checkpoint or run.`);
  return join(folder, found);
}
