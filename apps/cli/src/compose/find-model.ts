import { bestStep, latestStep, loadModel } from '@onestep/training/node';
import type { ModelFile } from '@onestep/training';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotOpen, UsageError } from '../errors';

/** A model file and the weights in it. */
export interface FoundModel extends ModelFile {
  readonly path: string;
}

/**
 * Finds the weights a person means: a `.safetensors` file, a checkpoint folder, or a run folder (its newest checkpoint).
 * In a folder the first evaluation average is preferred to the raw student.
 *
 * @param weights - name of an average, `student`, or `best` for the checkpoint of the best evaluation; default as above
 */
export async function findModel(place: string, weights?: string): Promise<FoundModel> {
  const path = await modelPath(place, weights);
  return { path, ...(await loadModel(path)) };
}

/** The file that {@link findModel} reads. */
export async function modelPath(place: string, wanted?: string): Promise<string> {
  const stats = await stat(place).catch((cause: unknown) => {
    throw cannotOpen(place, cause);
  });
  if (stats.isFile()) {
    if (wanted === undefined) return place;
    throw new UsageError(`--weights: ${place} is a file with one set of weights. Name its run or checkpoint instead.`);
  }
  // An average may be called so too; the checkpoint goes first where there is one.
  const best = wanted === 'best' ? await bestStep(place) : undefined;
  const weights = best === undefined ? wanted : undefined;
  const step = best ?? (await latestStep(place));
  const folder = step === undefined ? place : join(place, 'checkpoints', String(step));
  const files = await readdir(folder);
  const averages = files.filter((name) => /^ema-.*\.safetensors$/.test(name)).sort();
  if (weights !== undefined) {
    const file = weights === 'student' ? 'model.safetensors' : `ema-${weights}.safetensors`;
    if (files.includes(file)) return join(folder, file);
    const known = ['student', ...averages.map((name) => name.slice('ema-'.length, -'.safetensors'.length))];
    throw new UsageError(
      `--weights: ${folder} has no weights "${weights}", known are ${known.join(', ')}; best, where a run is evaluated.`,
    );
  }
  const chosen = averages.at(0) ?? (files.includes('model.safetensors') ? 'model.safetensors' : undefined);
  if (chosen === undefined) {
    throw new UsageError(
      `${place} holds no model: expected a .safetensors file, a checkpoint or a run with a checkpoint.`,
    );
  }
  return join(folder, chosen);
}
