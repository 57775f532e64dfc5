import { requireAtLeast, requireInteger, requireOneOf, requirePositive } from '../internal/arguments';

const spacings = ['uniform', 'quad'] as const;

/** Options of {@link ddimTimesteps}. */
export interface DdimOptions {
  /** Length T of the chain the model was trained on, integer >= numSteps; default 1000. */
  readonly numTimesteps?: number;
  /** `uniform`: 0, floor(T / S), 2 floor(T / S), ...; `quad`: floor(linspace(0, sqrt(0.8 T), S)^2). Default `uniform`. */
  readonly spacing?: (typeof spacings)[number];
}

/**
 * Sub-sequence of a discrete diffusion chain that DDIM visits, ascending.
 *
 * @param numSteps - number of timesteps S, integer >= 1
 * @param options - `numTimesteps`, `spacing`
 * @returns S timesteps in [0, T); `quad` repeats small ones when S is large
 * @throws {@link RangeError} if a bound is violated
 * @remarks Where S does not divide T the released code returns a few more than S; this returns exactly S.
 * @see Song et al. 2020 (DDIM), appendix D.2
 */
export function ddimTimesteps(
  numSteps: number,
  { numTimesteps = 1000, spacing = 'uniform' }: DdimOptions = {},
): number[] {
  requireInteger('ddimTimesteps', 'numSteps', numSteps, 1);
  requireInteger('ddimTimesteps', 'numTimesteps', numTimesteps, numSteps);
  requireOneOf('ddimTimesteps', 'spacing', spacing, spacings);
  const end = Math.sqrt(0.8 * numTimesteps);
  const width = end / Math.max(1, numSteps - 1);
  const stride = Math.floor(numTimesteps / numSteps);
  return Array.from({ length: numSteps }, (_, i) => {
    if (spacing === 'uniform') return i * stride;
    // The last point is the end itself: i * width may fall a rounding error short and be floored.
    return Math.floor((i > 0 && i === numSteps - 1 ? end : i * width) ** 2);
  });
}

/** Parameters of a chain with linearly growing betas. */
export interface LinearBetaOptions {
  /** Length T, integer >= 1; default 1000. */
  readonly numTimesteps?: number;
  /** beta_0, in (0, 1); default 1e-4. */
  readonly betaStart?: number;
  /** beta_{T-1}, in [betaStart, 1); default 0.02. */
  readonly betaEnd?: number;
}

/**
 * Noise level of every timestep of a linear-beta chain: sigma_t = sqrt((1 - alphaBar_t) / alphaBar_t),
 * alphaBar_t = prod_{s <= t} (1 - beta_s).
 *
 * @param options - `numTimesteps`, `betaStart`, `betaEnd`
 * @returns T levels, ascending
 * @throws {@link RangeError} if a bound is violated
 * @see Ho et al. 2020 (DDPM), section 4
 */
export function linearBetaSigmas({
  numTimesteps = 1000,
  betaStart = 1e-4,
  betaEnd = 0.02,
}: LinearBetaOptions = {}): number[] {
  requireInteger('linearBetaSigmas', 'numTimesteps', numTimesteps, 1);
  requirePositive('linearBetaSigmas', 'betaStart', betaStart);
  requireAtLeast('linearBetaSigmas', 'betaEnd', betaEnd, betaStart);
  if (betaEnd >= 1) throw new RangeError(`linearBetaSigmas: betaEnd must be < 1, got ${betaEnd}.`);
  let alphaBar = 1;
  return Array.from({ length: numTimesteps }, (_, t) => {
    alphaBar *= 1 - (betaStart + (t / Math.max(1, numTimesteps - 1)) * (betaEnd - betaStart));
    return Math.sqrt((1 - alphaBar) / alphaBar);
  });
}
