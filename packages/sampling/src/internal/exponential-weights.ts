/** How the second order is closed: DPM-Solver's own simplification, or the exact integral of the straight line. */
export type SecondOrder = 'midpoint' | 'heun';

/**
 * What order 3 makes of the second divided difference, which is half the second derivative: `released` takes it for the derivative
 * itself, as dpm-solver, diff-sampler and k-diffusion do, and is of order 2; `exact` is of order 3.
 */
export type Curvature = 'released' | 'exact';

/** How the weights are chosen where there is a choice. */
export interface ExponentialWeightsOptions {
  readonly second?: SecondOrder | undefined;
  readonly curvature?: Curvature | undefined;
}

/**
 * Weights of the last model outputs, newest first, in one step of an exponential integrator over lambda = -ln sigma:
 * int_0^h e^-(h-u) m(u) du for the polynomial m through them (data prediction).
 *
 * @param h - length of the step in lambda; (1 + eta) times that where noise is added
 * @param ratios - lengths of the steps before, newest first, over that of this one; as many as there are earlier outputs
 * @see Lu et al. 2022, DPM-Solver++, Algorithm 2 and Appendix B
 */
export function dataWeights(
  h: number,
  ratios: readonly number[],
  { second = 'midpoint', curvature = 'released' }: ExponentialWeightsOptions = {},
): number[] {
  const phi1 = Math.expm1(-h);
  const phi2 = phi1 / h + 1;
  const straight = second === 'midpoint' ? -phi1 / 2 : phi2;
  const bent = -(phi2 / h - 0.5) * (curvature === 'exact' ? 2 : 1);
  return overDifferences(-phi1, ratios, { straight, first: phi2, second: bent });
}

/**
 * The same for noise prediction, e^h - 1 and its kin, in units of -sigmaNext.
 *
 * @see Lu et al. 2022, DPM-Solver
 */
export function noiseWeights(
  h: number,
  ratios: readonly number[],
  { second = 'midpoint', curvature = 'released' }: ExponentialWeightsOptions = {},
): number[] {
  const psi1 = Math.expm1(h);
  const psi2 = psi1 / h - 1;
  const straight = second === 'midpoint' ? psi1 / 2 : psi2;
  const bent = (psi2 / h - 0.5) * (curvature === 'exact' ? 2 : 1);
  return overDifferences(psi1, ratios, { straight, first: psi2, second: bent });
}

/** Rewrites value, first and second divided difference as weights of the outputs themselves. */
function overDifferences(
  value: number,
  ratios: readonly number[],
  weight: { readonly straight: number; readonly first: number; readonly second: number },
): number[] {
  if (ratios.length === 0) return [value];
  const [r0] = ratios;
  if (ratios.length === 1) return [value + weight.straight / r0, -weight.straight / r0];
  const r1 = ratios[1];
  // first and second times the quadratic's derivatives, in terms of (m0 - m1) / r0 and (m1 - m2) / r1.
  const bend = (weight.first * r0 + weight.second) / (r0 + r1);
  const newer = (weight.first + bend) / r0;
  const older = -bend / r1;
  return [value + newer, older - newer, -older];
}

/** ln of the ratio of two levels: a step's length in lambda. */
export function stepLength(sigma: number, sigmaNext: number): number {
  return Math.log(sigma / sigmaNext);
}

/**
 * Lengths of the steps before over that of this one.
 *
 * @param levels - where the steps began, newest first, this one's included
 */
export function stepRatios(levels: readonly number[], sigmaNext: number): number[] {
  const h = stepLength(levels[0], sigmaNext);
  return levels.slice(1).map((earlier, k) => stepLength(earlier, levels[k]) / h);
}
