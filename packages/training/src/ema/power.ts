/** Largest width of a power-function average: at 0.288 all weights of the past count alike. */
export const maxRelativeStd = 0.28;

/**
 * Exponent gamma of a power-function average, whose weights of the past go as time^gamma:
 * the root of gamma^3 + 7 gamma^2 + (16 - s^-2) gamma + 12 - s^-2 = 0.
 *
 * @param relativeStd - s, the standard deviation of the weights over time as a share of the run so far,
 *   (0, {@link maxRelativeStd}]
 * @returns gamma > 0 in double precision; about 16.97 for 0.05 and 6.94 for 0.1
 * @throws {@link RangeError} if the width is out of range
 * @see Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models", appendix C
 */
export function powerExponent(relativeStd: number): number {
  if (!(relativeStd > 0 && relativeStd <= maxRelativeStd)) {
    throw new RangeError(`powerExponent: relativeStd must be in (0, ${maxRelativeStd}], got ${relativeStd}.`);
  }
  const precision = relativeStd ** -2;
  // At 1 / s the cubic is positive, and convex from there down to its largest root: Newton's steps only descend.
  let gamma = 1 / relativeStd;
  for (;;) {
    const value = ((gamma + 7) * gamma + 16 - precision) * gamma + 12 - precision;
    const slope = (3 * gamma + 14) * gamma + 16 - precision;
    const next = gamma - value / slope;
    if (!(next < gamma)) return gamma;
    gamma = next;
  }
}

/**
 * Width of a power-function average, the inverse of {@link powerExponent}: sqrt((gamma + 1) / ((gamma + 2)^2 (gamma + 3))).
 *
 * @param gamma - exponent, > -1
 */
export function powerRelativeStd(gamma: number): number {
  return Math.sqrt((gamma + 1) / ((gamma + 2) ** 2 * (gamma + 3)));
}
