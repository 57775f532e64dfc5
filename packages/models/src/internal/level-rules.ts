/** A problem of a config, or none. */
export type Problem = string | undefined;

/** Downsampling factor of each level: 1, 2, 4, ... */
export function levelFactors({ length }: readonly unknown[]): number[] {
  return Array.from({ length }, (_, level) => 2 ** level);
}

/**
 * Height and width can be halved from level to level.
 *
 * @param meaning - of the divisor, as the message ends after it
 */
export function divisibleSides(shape: readonly number[], divisor: number, meaning: string): Problem[] {
  return ['H', 'W'].map((side, i) =>
    shape[i] % divisor === 0 ? undefined : `shape: ${side} = ${shape[i]} must be divisible by ${divisor}${meaning}.`,
  );
}

/** A value from a file must not ask for terabytes. */
export function atMost(key: string, value: number, most: number): Problem {
  return value <= most ? undefined : `${key} must be at most ${most}, got ${value}.`;
}

/** Levels are named by downsampling factors that the network has. */
export function namedLevels(key: string, resolutions: readonly number[], factors: readonly number[]): Problem[] {
  return resolutions.map((resolution) =>
    factors.includes(resolution)
      ? undefined
      : `${key}: ${resolution} is no downsampling factor of this network (${factors.join(', ')}).`,
  );
}
