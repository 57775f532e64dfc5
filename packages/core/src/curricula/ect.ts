import { requireAtLeast, requireInteger, requireOneOf, requirePositive } from '../internal/arguments';

const mappings = ['sigmoid', 'const'] as const;

/** Options of the mapping of easy consistency tuning. */
export interface EctMappingOptions {
  /** Stage a, integer >= 0: how far the pair has moved together. */
  readonly stage: number;
  /** Base of the shrinking, > 1; default 2 (ImageNet-64: 4, one hour on CIFAR-10: 256). */
  readonly q?: number;
  /** Weight of the sigmoid adjustment, >= 0; default 8. */
  readonly k?: number;
  /** Slope of the sigmoid adjustment, > 0; default 1. */
  readonly b?: number;
  /** `sigmoid` (default) or `const`, without the adjustment. */
  readonly mapping?: (typeof mappings)[number];
}

/** Two noise levels of one trajectory, `sigma` the student's and `sigmaNext` the target's. */
export interface SigmaPair {
  readonly sigma: number;
  /** In [0, sigma); at 0 the target is the clean image itself. */
  readonly sigmaNext: number;
}

/**
 * Ratio sigmaNext / sigma of easy consistency tuning.
 *
 * sigmoid: max(0, 1 - (1 + k / (1 + exp(b sigma))) / q^(a + 1)); const: 1 - q^-(a + 1), to which sigmoid tends for large sigma.
 *
 * @param sigma - student level, > 0
 * @param options - `stage`, `q`, `k`, `b`, `mapping`
 * @returns the ratio, in [0, 1)
 * @throws {@link RangeError} if a bound is violated
 * @see Geng et al. 2024, section 3; locuslab/ect, ECMLoss.t_to_r
 */
export function ectRatio(
  sigma: number,
  { stage, q = 2, k = 8, b = 1, mapping = 'sigmoid' }: EctMappingOptions,
): number {
  requirePositive('ectRatio', 'sigma', sigma);
  requireInteger('ectRatio', 'stage', stage, 0);
  if (!(q > 1 && q < Infinity)) throw new RangeError(`ectRatio: q must be > 1, got ${q}.`);
  requireAtLeast('ectRatio', 'k', k, 0);
  requirePositive('ectRatio', 'b', b);
  requireOneOf('ectRatio', 'mapping', mapping, mappings);
  const adjustment = mapping === 'const' ? 1 : 1 + k / (1 + Math.exp(b * sigma));
  return Math.max(0, 1 - adjustment / q ** (stage + 1));
}

/**
 * The pair of noise levels that easy consistency tuning compares at a stage.
 *
 * @param sigma - student level, > 0
 * @param options - `stage`, `q`, `k`, `b`, `mapping`
 * @returns `sigma` and `sigmaNext` = sigma {@link ectRatio}
 * @throws {@link RangeError} if a bound is violated
 * @example
 * ```ts
 * ectPair(1, { stage: 1 }).sigmaNext; // 0.212117
 * ```
 * @see Geng et al. 2024, section 3
 */
export function ectPair(sigma: number, options: EctMappingOptions): SigmaPair {
  return { sigma, sigmaNext: sigma * ectRatio(sigma, options) };
}

/** Options of {@link ectStage}. */
export interface EctStageOptions {
  /** Length of a stage, > 0, in the unit of `progress`; the published CIFAR-10 run: 25,000 steps. */
  readonly stageLength: number;
  /** Last stage, integer >= 0; default: stages go on for ever. */
  readonly maxStage?: number;
}

/**
 * Stage of easy consistency tuning, floor(progress / stageLength): 0 at the start, and it only grows.
 *
 * @param progress - steps or images so far, >= 0
 * @param options - `stageLength`, `maxStage`
 * @throws {@link RangeError} if a bound is violated
 * @see locuslab/ect, ct_training_loop.py
 */
export function ectStage(progress: number, { stageLength, maxStage = Infinity }: EctStageOptions): number {
  requireAtLeast('ectStage', 'progress', progress, 0);
  requirePositive('ectStage', 'stageLength', stageLength);
  if (maxStage !== Infinity) requireInteger('ectStage', 'maxStage', maxStage, 0);
  return Math.min(maxStage, Math.floor(progress / stageLength));
}
