import { requireInteger, requirePositive } from '../internal/arguments';
import { float32Sine } from '../internal/float32-sine';

/** Parameters of the cosine chain of improved DDPM. */
export interface IddpmOptions {
  /** Lower bound on alphaBar(j - 1) / alphaBar(j), > 0; default 0.001. */
  readonly c1?: number;
  /** Offset of the cosine law, > 0; default 0.008. */
  readonly c2?: number;
  /** Number of timesteps M, integer >= 1; default 1000. */
  readonly numTimesteps?: number;
  /** Evaluates alphaBar in double precision, as the formula says; default false, as published grids are made. */
  readonly exact?: boolean;
}

/**
 * Noise levels of the improved-DDPM cosine chain: u_M = 0 and, for j = M .. 1,
 * u_{j-1} = sqrt((u_j^2 + 1) / max(alphaBar(j-1) / alphaBar(j), c1) - 1), alphaBar(j) = sin^2(pi j / (2 M (c2 + 1))).
 *
 * @param options - `c1`, `c2`, `numTimesteps`, `exact`
 * @returns M + 1 levels, descending, the last one 0
 * @throws {@link RangeError} if a bound is violated
 * @remarks The released code evaluates alphaBar in float32, which moves the smallest levels by up to 5e-4 of their value. So
 *   does this, to the bit, unless told to be `exact`: published grids and checkpoints are made of those levels.
 * @see Karras et al. 2022, Table 1 and appendix C.3.4; Nichol & Dhariwal 2021
 */
export function iddpmSigmas({
  c1 = 0.001,
  c2 = 0.008,
  numTimesteps = 1000,
  exact = false,
}: IddpmOptions = {}): number[] {
  requirePositive('iddpmSigmas', 'c1', c1);
  requirePositive('iddpmSigmas', 'c2', c2);
  requireInteger('iddpmSigmas', 'numTimesteps', numTimesteps, 1);
  const round = exact ? (value: number): number => value : Math.fround;
  const sine = exact ? Math.sin : float32Sine;
  const alphaBar = (j: number): number => {
    const angle = round(round(round(round(0.5 * Math.PI) * j) / numTimesteps) / round(c2 + 1));
    return round(sine(angle) ** 2);
  };
  const levels = new Array<number>(numTimesteps + 1).fill(0);
  for (let j = numTimesteps; j >= 1; j -= 1) {
    levels[j - 1] = Math.sqrt((levels[j] ** 2 + 1) / Math.max(round(alphaBar(j - 1) / alphaBar(j)), round(c1)) - 1);
  }
  return levels;
}
