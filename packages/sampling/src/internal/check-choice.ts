/** Refuses a value that is not one of the names listed. */
export function checkChoice(where: string, name: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) {
    throw new RangeError(`${where}: ${name} must be one of ${known.join(', ')}, got "${value}".`);
  }
}
