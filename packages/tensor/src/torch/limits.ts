import { badWeightFile } from '../safetensors/format';
import type { OnestepError } from '../errors';

/** Stops a small pickle from claiming to hold a number that takes longer to read than the file. */
export const maxIntegerBytes = 32;

/** Stops dictionaries nested, through references to one another, into a tree without end. */
export const maxNesting = 16;

/** Stops dictionaries that hold one another several times over: each level would double the walk. */
export const maxVisited = 400_000;

/** Stops strides of 0, and tensors that share a storage, from growing a small file into a memory full of copies. */
export const maxElementsPerByte = 2;

/** Stops a list of files inside an archive that costs more to index than to hold. */
export const maxEntries = 200_000;

/** Stops shapes of thousands of axes. */
export const maxTorchRank = 16;

/** The error of every refusal in this folder. */
export function badTorchFile(problem: string, details: Readonly<Record<string, unknown>> = {}): OnestepError {
  return badWeightFile('readTorchFile', problem, details);
}

/** A value of a stranger's file, short enough for a message. */
export function printed(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : `a ${typeof value}`;
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}
