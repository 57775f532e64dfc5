import { latestStep } from '@onestep/training/node';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The file of a model's weights: the file itself, or the first evaluation average (else the student) of a checkpoint or of
 * a run's latest checkpoint.
 *
 * @throws {@link RangeError} for a folder without weights
 */
export async function modelFile(place: string): Promise<string> {
  if ((await stat(place)).isFile()) return place;
  const step = await latestStep(place);
  const folder = step === undefined ? place : join(place, 'checkpoints', String(step));
  const files = (await readdir(folder)).sort();
  const average = files.find((name) => /^ema-.*\.safetensors$/.test(name));
  const chosen = average ?? files.find((name) => name === 'model.safetensors');
  if (chosen === undefined) throw new RangeError(`study: ${folder} holds no model.`);
  return join(folder, chosen);
}
