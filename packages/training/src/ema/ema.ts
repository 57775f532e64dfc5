import { mapParams, tf, type Params, type Scalar } from '@onestep/tensor';
import { powerExponent } from './power';

/** How an evaluation average forgets: per step, by a half-life in images, or by a power of time; exactly one of the three. */
export interface EmaRule {
  /** Weight of the old average at each step, [0, 1). */
  readonly decay?: number | undefined;
  /** Images after which an old weight counts half, > 0. */
  readonly halfLifeImages?: number | undefined;
  /** Caps the half-life at this share of the images seen so far; null switches the ramp off. Default 0.05. */
  readonly rampUp?: number | null | undefined;
  /** Weights of the past proportional to a power of time; any other width can be made from two such averages later. */
  readonly power?: PowerRule | undefined;
}

/** A power-function average. */
export interface PowerRule {
  /** Standard deviation of the weights over time, as a share of the run so far: (0, {@link maxRelativeStd}]. */
  readonly relativeStd: number;
}

/** A named evaluation average. */
export interface EmaSpec extends EmaRule {
  readonly name: string;
}

/**
 * Decay of one step: the constant; or 0.5^(batchSize / H) with H = min(halfLifeImages, rampUp imagesSeen); or, with n the
 * images seen after the step, (1 - batchSize / n)^(gamma + 1), gamma from {@link powerExponent}.
 *
 * @param rule - constant decay, half-life or power
 * @param progress - `imagesSeen` before this step, `batchSize`
 * @returns decay in [0, 1); 0 at the first step of a ramp or of a power function: the average then equals the weights
 * @throws {@link RangeError} if the rule is out of range
 * @see Karras et al. 2022, training loop of the released code; Karras et al. 2024, appendix C (power function)
 */
export function emaDecay(
  rule: EmaRule,
  { imagesSeen, batchSize }: { readonly imagesSeen: number; readonly batchSize: number },
): number {
  const { decay, halfLifeImages, rampUp = 0.05, power } = rule;
  if ([decay, halfLifeImages, power].filter((value) => value !== undefined).length !== 1) {
    throw new RangeError('emaDecay: exactly one of decay, halfLifeImages and power must be given.');
  }
  if (decay !== undefined) {
    if (!(decay >= 0 && decay < 1)) throw new RangeError(`emaDecay: decay must be in [0, 1), got ${decay}.`);
    return decay;
  }
  if (power !== undefined) return (imagesSeen / (imagesSeen + batchSize)) ** (powerExponent(power.relativeStd) + 1);
  const images = halfLifeImages ?? 0;
  if (!(images > 0)) throw new RangeError(`emaDecay: halfLifeImages must be > 0, got ${images}.`);
  const halfLife = rampUp === null ? images : Math.min(images, rampUp * imagesSeen);
  return 0.5 ** (batchSize / Math.max(halfLife, 1e-8));
}

/**
 * Moves an average towards the weights: ema + rate (weights - ema).
 *
 * @param ema - the average
 * @param params - the weights, same names
 * @param rate - 1 - decay as a scalar tensor, computed on the host in double precision
 * @returns the new average; call inside a tidy
 * @remarks This form and not decay ema + (1 - decay) weights: in float32 those two factors do not sum to one, and for
 * a decay of 0.9999 the average would settle 0.03% away from constant weights.
 */
export function updateEma(ema: Params, params: Params, rate: Scalar): Params {
  return mapParams(ema, (average, name) => tf.add(average, tf.mul(tf.sub(params[name], average), rate)));
}
