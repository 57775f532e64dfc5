import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearestName, OnestepError } from '@onestep/tensor';
import { decodeLenet, type LenetModel } from '../lenet/lenet-model';
import { lenetDatasets, lenetRecords, type LenetDataset, type LenetFile } from '../lenet/lenet-records';
import { weightsFolder } from '../weights-folder';

/** Options of {@link loadLenet}. */
export interface LoadLenetOptions {
  /** Folder of the files; default the one inside this package. */
  readonly folder?: string | undefined;
}

/**
 * Loads the classifier and the reference statistics of one dataset from this package.
 *
 * @throws {@link RangeError} for an unknown dataset
 * @throws OnestepError `bad-weight-file` if a file is missing, or its sha256 is not the recorded one
 */
export async function loadLenet(
  dataset: LenetDataset,
  { folder = fileURLToPath(weightsFolder) }: LoadLenetOptions = {},
): Promise<LenetModel> {
  if (!lenetDatasets.includes(dataset)) {
    const near = nearestName(dataset, lenetDatasets);
    throw new RangeError(
      `loadLenet: there is no FD-LeNet for "${dataset}", only for ${lenetDatasets.join(' and ')}.` +
        (near === undefined ? '' : ` Did you mean ${near}?`),
    );
  }
  const { weights, statistics } = lenetRecords[dataset];
  const [weightBytes, train, test] = await Promise.all(
    [weights, statistics.train, statistics.test].map((file) => readChecked(folder, file)),
  );
  return decodeLenet(dataset, { weights: weightBytes, weightsSha256: weights.sha256, train, test });
}

async function readChecked(folder: string, { file, sha256 }: LenetFile): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, file));
  } catch (cause) {
    throw new OnestepError('bad-weight-file', `loadLenet: cannot read ${file} in ${folder}.`, {
      details: { folder, file },
      cause,
    });
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) {
    throw new OnestepError('bad-weight-file', `loadLenet: ${file} has sha256 ${found}, expected ${sha256}.`, {
      details: { folder, file, found, expected: sha256 },
    });
  }
  return bytes;
}
