import { mapParams, tf, type Params, type Scalar, type StepState, type Tensor } from '@onestep/tensor';

/** Stands in for no limit at all: the largest float32, which infinity and NaN do not pass either. */
export const noLimit = 3.4028234663852886e38;

/**
 * Whether a step may be made: loss and gradient norm are finite and not above their limits, that of an adversary finite.
 *
 * @param scalars - `lossLimit` and `gradLimit`, at most {@link noLimit}
 * @returns a boolean scalar; comparisons with NaN are false
 */
export function withinLimits(
  { loss, norm, rivalNorm }: { readonly loss: Tensor; readonly norm: Tensor; readonly rivalNorm?: Tensor | undefined },
  scalars: Readonly<Record<string, Scalar>>,
): Tensor {
  const lossFits = tf.logicalAnd(tf.lessEqual(loss, scalars.lossLimit), tf.greaterEqual(loss, -noLimit));
  const fits = tf.logicalAnd(lossFits, tf.lessEqual(norm, scalars.gradLimit));
  return rivalNorm === undefined ? fits : tf.logicalAnd(fits, tf.lessEqual(rivalNorm, noLimit));
}

/** The new state where a condition holds, else the old one: a selection, since what is discarded may be NaN. */
export function selectState(condition: Tensor, next: StepState, previous: StepState): Record<string, Params> {
  return mapParams(next, (group, groupName) =>
    mapParams(group, (value, name) => tf.where(condition, value, previous[groupName][name])),
  );
}
