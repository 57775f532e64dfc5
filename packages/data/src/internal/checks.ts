import { OnestepError } from '@onestep/tensor';

/** The error for a file that is not what it should be; `message` already starts with the function's name. */
export function badData(
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): OnestepError {
  return new OnestepError('bad-data-file', message, { details, cause });
}

/** Throws unless `value` is an integer in [minimum, 2^53). */
export function checkInteger(where: string, name: string, value: number, minimum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw new RangeError(`${where}: ${name} must be an integer >= ${minimum}, got ${value}.`);
  }
}

/** Throws unless `index` addresses an image and `out` has room for exactly one. */
export function checkRead(where: string, length: number, index: number, pixels: number, out: Uint8Array): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`${where}: index must be an integer in [0, ${length}), got ${index}.`);
  }
  if (out.length !== pixels) {
    throw new RangeError(`${where}: out must hold ${pixels} bytes (one image), got ${out.length}.`);
  }
}
