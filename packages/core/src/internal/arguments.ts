/** Throws unless `value` is a finite number greater than 0. */
export function requirePositive(where: string, name: string, value: number): void {
  if (!(value > 0 && value < Infinity)) throw new RangeError(`${where}: ${name} must be > 0, got ${value}.`);
}

/** Throws unless `value` is a finite number, at least `low`. */
export function requireAtLeast(where: string, name: string, value: number, low: number): void {
  if (!(value >= low && value < Infinity)) throw new RangeError(`${where}: ${name} must be >= ${low}, got ${value}.`);
}

/** Throws unless `value` is a finite number. */
export function requireFinite(where: string, name: string, value: number): void {
  if (!Number.isFinite(value)) throw new RangeError(`${where}: ${name} must be a finite number, got ${value}.`);
}

/** Throws unless `value` is an integer, at least `low`. */
export function requireInteger(where: string, name: string, value: number, low: number): void {
  if (!Number.isSafeInteger(value) || value < low) {
    throw new RangeError(`${where}: ${name} must be an integer >= ${low}, got ${value}.`);
  }
}

/** Throws unless 0 < sigmaMin < sigmaMax < infinity. */
export function requireSigmaRange(where: string, sigmaMin: number, sigmaMax: number): void {
  requirePositive(where, 'sigmaMin', sigmaMin);
  if (!(sigmaMax > sigmaMin && sigmaMax < Infinity)) {
    throw new RangeError(`${where}: sigmaMax must be > sigmaMin = ${sigmaMin}, got ${sigmaMax}.`);
  }
}

/** Throws unless `value` is one of `known`; the message lists them. */
export function requireOneOf<T extends string>(
  where: string,
  name: string,
  value: string,
  known: readonly T[],
): asserts value is T {
  if (!(known as readonly string[]).includes(value)) {
    throw new RangeError(`${where}: unknown ${name} "${value}", expected one of ${known.join(', ')}.`);
  }
}
