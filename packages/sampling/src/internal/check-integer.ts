/** Refuses anything but an integer in [low, high]. */
export function checkInteger(where: string, name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${where}: ${name} must be an integer in [${low}, ${high}], got ${value}.`);
  }
}
