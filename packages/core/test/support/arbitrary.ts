import fc from 'fast-check';

/** Numbers from low to high without NaN or the endpoints' neighbours in denormal land. */
export const between = (low: number, high: number) => fc.double({ min: low, max: high, noNaN: true });

/** Ranges 0 < sigmaMin < sigmaMax that are wide enough for strictly decreasing grids. */
export const sigmaRange = fc
  .tuple(between(1e-4, 1), between(1.5, 1e4))
  .map(([sigmaMin, factor]) => ({ sigmaMin, sigmaMax: sigmaMin * factor }));
