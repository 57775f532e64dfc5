/** Throws unless every value is a number >= 0; infinity passes. */
export function checkNotNegative(where: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value >= 0)) throw new RangeError(`${where}: ${name} must be >= 0, got ${value}.`);
  }
}

/** Throws unless low < value < high, or value = high where the interval is closed there. */
export function checkInside(
  where: string,
  name: string,
  value: number,
  { low = 0, high, closed = false }: { readonly low?: number; readonly high: number; readonly closed?: boolean },
): void {
  if (value > low && (value < high || (closed && value === high))) return;
  throw new RangeError(`${where}: ${name} must lie in (${low}, ${high}${closed ? ']' : ')'}, got ${value}.`);
}
