import { toBytes, fromBytes } from '@onestep/data';
import { frechetDistance, rmse } from '@onestep/metrics';
import { hostTensor, type HostTensor } from '@onestep/tensor';
import type { EditingInputs } from './inputs';
import type { Judge, Judgement } from './judge';
import type { PreparedTask } from './tasks';

/** How good a set of results is; all of it after rounding to 8 bits. */
export interface EditingScores {
  /** Share of the images that the classifier takes for the class it takes the original for. */
  readonly agreement: number;
  /** Share that it takes for the true class. */
  readonly accuracy: number;
  /** Frechet distance of its features to those of the originals. */
  readonly toOriginals: number;
  /** The same to all training images: FD-LeNet. */
  readonly toTraining: number;
  /** In [-1, 1]. */
  readonly rmse: number;
  /** Largest error of what is known, in levels of 255. */
  readonly knownError?: number | undefined;
}

/** The originals with what the classifier sees in them. */
export interface Originals {
  readonly inputs: EditingInputs;
  readonly bytes: Uint8Array;
  readonly judgement: Judgement;
}

/** Looks at the originals once. */
export async function judgeOriginals(judge: Judge, inputs: EditingInputs): Promise<Originals> {
  const bytes = toBytes(Float32Array.from(inputs.images.data));
  return { inputs, bytes, judgement: await judge.look(bytes) };
}

/** Scores one set of results against the originals they should be. */
export async function scoreEdits(
  judge: Judge,
  results: HostTensor,
  originals: Originals,
  knownError?: PreparedTask['knownError'],
): Promise<EditingScores> {
  const { inputs, judgement } = originals;
  const bytes = toBytes(Float32Array.from(results.data));
  const { classes, statistics } = await judge.look(bytes);
  return {
    agreement: equalShare(classes, judgement.classes),
    accuracy: equalShare(classes, inputs.labels),
    toOriginals: frechetDistance(statistics, judgement.statistics),
    toTraining: judge.toTraining(statistics),
    rmse: rmse(hostTensor(fromBytes(bytes), results.shape), inputs.images),
    knownError: knownError?.(bytes, originals.bytes),
  };
}

/** Share of the places where two lists agree. */
export function equalShare(a: readonly (number | undefined)[], b: readonly number[]): number {
  return a.filter((value, i) => value === b[i]).length / b.length;
}
