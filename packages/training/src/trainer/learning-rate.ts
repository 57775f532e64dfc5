/** How the learning rate moves over a run. */
export interface LearningRateSchedule {
  /** The rate between ramp and decay. */
  readonly learningRate: number;
  /** Steps of the linear ramp-up, >= 0; 0 for none. */
  readonly warmupSteps: number;
  /** How the rate falls; default not at all. */
  readonly decay?: LearningRateDecay | undefined;
}

/** How the learning rate falls, as a factor. */
export interface LearningRateDecay {
  /** Default `linear`. */
  readonly shape?: 'linear' | 'cosine' | 'inverse-sqrt' | undefined;
  /** `linear` and `cosine`: the fall begins at this fraction of the steps, [0, 1), default 0, ... */
  readonly from?: number | undefined;
  /** ... and ends with the run at this factor, [0, 1], default 0. */
  readonly to?: number | undefined;
  /** `inverse-sqrt`: steps after which it begins, > 0. */
  readonly referenceSteps?: number | undefined;
}

/**
 * Learning rate of a step: linear ramp-up over the first `warmupSteps` steps, then constant, then the decay:
 *
 * - `linear`: 1 + (to - 1) u, u from 0 at the fraction `from` of the steps to 1 at the last step
 * - `cosine`: to + (1 - to) (1 + cos(pi u)) / 2
 * - `inverse-sqrt`: 1 / sqrt(max(step / referenceSteps, 1))
 *
 * @param progress - `step`: steps done before this one, from 0; `totalSteps` of the run or of the stage
 * @throws {@link RangeError} if `inverse-sqrt` comes without `referenceSteps` > 0
 * @remarks The ramp is learningRate (step + 1) / warmupSteps: the first step already moves. EDM's counts images seen
 * before the step, so that its first step moves nothing.
 * @see Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models", for `inverse-sqrt`
 */
export function learningRateAt(
  { step, totalSteps }: { readonly step: number; readonly totalSteps: number },
  { learningRate, warmupSteps, decay }: LearningRateSchedule,
): number {
  const ramp = warmupSteps === 0 ? 1 : Math.min(1, (step + 1) / warmupSteps);
  return learningRate * ramp * (decay === undefined ? 1 : decayFactor(step, totalSteps, decay));
}

function decayFactor(
  step: number,
  totalSteps: number,
  { shape = 'linear', from = 0, to = 0, referenceSteps = 0 }: LearningRateDecay,
): number {
  if (shape === 'inverse-sqrt') {
    if (!(referenceSteps > 0)) {
      throw new RangeError(`learningRateAt: decay.referenceSteps must be > 0, got ${referenceSteps}.`);
    }
    return 1 / Math.sqrt(Math.max(step / referenceSteps, 1));
  }
  const done = Math.min(1, Math.max(0, (step + 1) / totalSteps - from) / (1 - from));
  return shape === 'cosine' ? to + ((1 - to) * (1 + Math.cos(Math.PI * done))) / 2 : 1 + (to - 1) * done;
}
