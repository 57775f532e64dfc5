import { OnestepError } from '../errors';

/** Element types of the format that this package reads; it writes F32 and I32. */
export type SafetensorsDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'U8' | 'BOOL';

/** Bytes per element. */
export const bytesPerElement: Readonly<Record<SafetensorsDtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  U8: 1,
  BOOL: 1,
};

/** Stops a file whose first eight bytes announce a header that would fill the memory when parsed. */
export const maxHeaderBytes = 32 * 1024 * 1024;

/** Stops a small header from making millions of empty tensors. */
export const maxTensors = 100_000;

/** Stops shapes of thousands of axes, which cost more to multiply out and print than to store. */
export const maxRank = 16;

/** Stops names that flood logs and error messages. */
export const maxNameLength = 512;

/** Names that would reach an object's prototype instead of its entries. */
const reservedNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** The key that holds the metadata and can therefore name no tensor. */
export const metadataKey = '__metadata__';

/** What is wrong with a key, or undefined if nothing is. */
export function nameProblem(name: string): string | undefined {
  if (reservedNames.has(name)) return `the key ${JSON.stringify(name)} is reserved by JavaScript objects`;
  if (name.length > maxNameLength) {
    return `the key ${JSON.stringify(name.slice(0, 32))}... has ${name.length} characters, at most ${maxNameLength} are read`;
  }
  return undefined;
}

/** Number of elements of a shape; undefined if it is not a list of non-negative integers or the product overflows. */
export function elementCount(shape: unknown): number | undefined {
  if (!Array.isArray(shape) || shape.length > maxRank) return undefined;
  let count = 1;
  for (const extent of shape as readonly unknown[]) {
    if (typeof extent !== 'number' || !Number.isSafeInteger(extent) || extent < 0) return undefined;
    count *= extent;
    // Stops a product that wraps, or rounds, to the size of the bytes that are there.
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** The error of every refusal in this folder. */
export function badWeightFile(
  where: string,
  problem: string,
  details: Readonly<Record<string, unknown>> = {},
): OnestepError {
  return new OnestepError('bad-weight-file', `${where}: ${problem}.`, { details });
}
