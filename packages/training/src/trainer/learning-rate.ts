/** How the learning rate moves over a run. */
export interface LearningRateSchedule {
  /** The rate between ramp and decay. */
  readonly learningRate: number;
  /** Steps of the linear ramp-up, >= 0; 0 for none. */
  readonly warmupSteps: number;
  /**
   * Linear decay over the last part of the run: it begins at the fraction `from` of the steps, [0, 1), and ends at
   * `to` times the rate, [0, 1]. Default none.
   */
  readonly decay?: { readonly from: number; readonly to: number } | undefined;
}

/**
 * Learning rate of a step: linear ramp-up over the first `warmupSteps` steps, then constant, then, with `decay`, linear
 * down to `decay.to` of it at the last step.
 *
 * @param progress - `step`: steps done before this one, from 0; `totalSteps` of the run
 * @remarks The ramp is learningRate (step + 1) / warmupSteps: the first step already moves. EDM's counts images seen
 * before the step, so that its first step moves nothing.
 */
export function learningRateAt(
  { step, totalSteps }: { readonly step: number; readonly totalSteps: number },
  { learningRate, warmupSteps, decay }: LearningRateSchedule,
): number {
  const ramp = warmupSteps === 0 ? 1 : Math.min(1, (step + 1) / warmupSteps);
  if (decay === undefined) return learningRate * ramp;
  const done = Math.max(0, (step + 1) / totalSteps - decay.from) / (1 - decay.from);
  return learningRate * ramp * (1 + (decay.to - 1) * Math.min(1, done));
}
