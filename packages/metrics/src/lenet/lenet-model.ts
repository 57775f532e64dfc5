import { OnestepError, readSafetensors, type HostTensor } from '@onestep/tensor';
import { decodeMoments, type StoredMoments } from '../statistics/moments-file';
import { lenetFeatureWidth, lenetShapes } from './network';
import type { LenetDataset } from './lenet-records';

/** Weights and reference statistics of FD-LeNet for one dataset. */
export interface LenetModel {
  readonly dataset: LenetDataset;
  readonly weights: Readonly<Record<string, HostTensor>>;
  /** Of the weight file. */
  readonly weightsSha256: string;
  readonly reference: Readonly<Record<'train' | 'test', StoredMoments>>;
}

/** The files of one dataset as bytes. */
export interface LenetFiles {
  readonly weights: Uint8Array;
  readonly weightsSha256: string;
  readonly train: Uint8Array;
  readonly test: Uint8Array;
}

/**
 * Puts a model together from the bytes of its files, wherever they were loaded from.
 *
 * @throws OnestepError `bad-weight-file` if a tensor is missing or has another shape, or the statistics are damaged or
 * were made with other weights
 */
export function decodeLenet(dataset: LenetDataset, files: LenetFiles): LenetModel {
  const { tensors: weights } = readSafetensors(files.weights);
  for (const [name, shape] of Object.entries(lenetShapes)) {
    const found = Object.hasOwn(weights, name) ? weights[name].shape.join(', ') : 'none';
    if (found !== shape.join(', ')) {
      throw bad(`"${name}" should have shape [${shape.join(', ')}], the file has [${found}]`, { dataset, name });
    }
  }
  const reference = { train: decodeMoments(files.train), test: decodeMoments(files.test) };
  for (const [split, { statistics, about }] of Object.entries(reference)) {
    if (statistics.dimension !== lenetFeatureWidth || about.weights !== files.weightsSha256) {
      throw bad(`the statistics of the ${split} split were made with other weights`, { dataset, split });
    }
  }
  return { dataset, weights, weightsSha256: files.weightsSha256, reference };
}

function bad(problem: string, details: Readonly<Record<string, unknown>>): OnestepError {
  return new OnestepError('bad-weight-file', `decodeLenet: ${problem}.`, { details });
}
