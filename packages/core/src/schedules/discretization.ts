import { requireInteger, requireOneOf, requirePositive, requireSigmaRange } from '../internal/arguments';
import { iddpmSigmas, type IddpmOptions } from './iddpm';
import { karrasSigmas, type KarrasOptions } from './karras';
import { vpSchedule, type VpOptions } from './noise-schedule';

const discretizationNames = ['edm', 'vp', 've', 'iddpm'] as const;

/** Ways to place the levels of a noise grid, after the model families that introduced them. */
export type DiscretizationName = (typeof discretizationNames)[number];

/** Options of {@link discretizationSigmas}. */
export interface DiscretizationOptions extends KarrasOptions, IddpmOptions {
  /** Smallest VP time, in (0, 1), for `vp` only; default 1e-3. */
  readonly tMin?: number;
}

/**
 * Noise grid of one of the model families that Karras et al. compare.
 *
 * `edm`: {@link karrasSigmas}. `vp`: even in VP time. `ve`: geometric. `iddpm`: levels of the cosine chain inside the
 * range, picked at even indices.
 *
 * @param name - the family
 * @param numLevels - number of levels, integer >= 2
 * @param options - `sigmaMin`, `sigmaMax`: by default [0.002, 80] for `edm`, [sigma(1e-3), sigma(1)] of the VP law for
 *   `vp`, [0.02, 100] for `ve`, [0.002, 81] for `iddpm`; `rho` for `edm`; `tMin` for `vp`; `c1`, `c2`, `numTimesteps`, `exact` for `iddpm`
 * @returns `numLevels` levels, descending; no final 0. For `iddpm` the ends are the nearest levels inside the range,
 *   and levels repeat when more are asked for than the chain has
 * @throws {@link RangeError} if a bound is violated, the name is unknown, or no chain level lies in the range
 * @see Karras et al. 2022, Table 1 "time steps"; NVlabs/edm, ablation_sampler
 */
export function discretizationSigmas(
  name: DiscretizationName,
  numLevels: number,
  { sigmaMin, sigmaMax, rho = 7, tMin = 1e-3, ...chain }: DiscretizationOptions = {},
): number[] {
  const where = 'discretizationSigmas';
  requireOneOf(where, 'discretization', name, discretizationNames);
  requireInteger(where, 'numLevels', numLevels, 2);
  requirePositive(where, 'tMin', tMin);
  if (tMin >= 1) throw new RangeError(`${where}: tMin must be < 1, got ${tMin}.`);
  const [defaultMin, defaultMax] = defaultRange(name, tMin);
  const low = sigmaMin ?? defaultMin;
  const high = sigmaMax ?? defaultMax;
  requireSigmaRange(where, low, high);
  const ramp = (i: number): number => i / (numLevels - 1);
  const indices = Array.from({ length: numLevels }, (_, i) => i);
  switch (name) {
    case 'edm':
      return karrasSigmas(numLevels, { sigmaMin: low, sigmaMax: high, rho });
    case 'vp': {
      const { sigma } = vpSchedule(vpLawThrough(low, high, tMin));
      return indices.map((i) => sigma(1 + ramp(i) * (tMin - 1)));
    }
    case 've':
      return indices.map((i) => high * (low / high) ** ramp(i));
    case 'iddpm': {
      const inside = iddpmSigmas(chain).filter((level) => level >= low && level <= high);
      if (inside.length === 0) throw new RangeError(`${where}: no iddpm level lies in [${low}, ${high}].`);
      return indices.map((i) => inside[roundHalfToEven(((inside.length - 1) / (numLevels - 1)) * i)]);
    }
  }
}

/**
 * The VP law that passes through sigmaMin at t = tMin and sigmaMax at t = 1.
 *
 * @param sigmaMin - level at tMin, > 0
 * @param sigmaMax - level at 1, > sigmaMin
 * @param tMin - smallest time, in (0, 1); default 1e-3
 * @returns `betaD` and `betaMin` for {@link vpSchedule}
 * @throws {@link RangeError} if a bound is violated
 * @see NVlabs/edm, ablation_sampler
 */
export function vpLawThrough(sigmaMin: number, sigmaMax: number, tMin = 1e-3): Required<VpOptions> {
  requireSigmaRange('vpLawThrough', sigmaMin, sigmaMax);
  requirePositive('vpLawThrough', 'tMin', tMin);
  if (tMin >= 1) throw new RangeError(`vpLawThrough: tMin must be < 1, got ${tMin}.`);
  const first = Math.log1p(sigmaMin ** 2);
  const last = Math.log1p(sigmaMax ** 2);
  const betaD = (2 * (first / tMin - last)) / (tMin - 1);
  return { betaD, betaMin: last - 0.5 * betaD };
}

function defaultRange(name: DiscretizationName, tMin: number): readonly [number, number] {
  switch (name) {
    case 'edm':
      return [0.002, 80];
    case 'vp': {
      const { sigma } = vpSchedule();
      return [sigma(tMin), sigma(1)];
    }
    case 've':
      return [0.02, 100];
    case 'iddpm':
      return [0.002, 81];
  }
}

/** Ties to the even neighbour, as the reference rounds indices. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
