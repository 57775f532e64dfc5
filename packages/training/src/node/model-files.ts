import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { OnestepError } from '@onestep/tensor';
import { decodeModel, encodeModel, type ModelFile } from '../model-file/model-file';
import { makeFolder, replaceFile } from './durable-files';

/**
 * Saves a model as one `.safetensors` file with its description in the metadata; replaces an older file in one step.
 *
 * @param path - of the file; its folder is made
 */
export async function saveModel(path: string, model: ModelFile): Promise<void> {
  const full = resolve(path);
  await makeFolder(dirname(full));
  await replaceFile(full, encodeModel(model));
}

/**
 * Loads a model file, strictly checked.
 *
 * @param path - of a file written by {@link saveModel}, or a `model.safetensors` or `ema-*.safetensors` of a checkpoint
 * @throws {@link OnestepError} `bad-weight-file` if it cannot be read or is not safetensors, `invalid-model` if it
 * describes no model of this project
 */
export async function loadModel(path: string): Promise<ModelFile> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new OnestepError('bad-weight-file', `loadModel: ${path} cannot be read: ${(cause as Error).message}.`, {
      details: { path },
      cause,
    });
  }
  try {
    return decodeModel(bytes);
  } catch (error) {
    if (!(error instanceof OnestepError)) throw error;
    throw new OnestepError(error.code, `loadModel: ${path}: ${error.message}`, {
      details: { ...error.details, path },
      cause: error,
    });
  }
}
