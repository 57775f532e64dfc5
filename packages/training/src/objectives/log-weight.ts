import { tf, type Params, type Tensor, type Tensor1D } from '@onestep/tensor';

/** A learned logarithm w(t) of the weight of a noise level, t the angle of TrigFlow in [0, pi/2). */
export interface LogWeight {
  /** Shapes of its parameters, by name; they start at zero. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** w(t), `[B]` to `[B]`, differentiable in the parameters. */
  readonly apply: (params: Params, t: Tensor1D) => Tensor;
}

/**
 * A linear head on the cosines of an angle: w(t) = sum over k < terms of a_k cos(2 k t), a_0 being the bias.
 *
 * @param terms - integer >= 1; default 16, which tells levels apart that are 0.1 rad from each other
 * @remarks cos(2 k t), k = 0, 1, ..., is a complete basis on [0, pi/2]; an embedding made for times of another range,
 *   with frequencies from 1 down, would give features that are all nearly constant there.
 * @see Lu and Song 2024, section 4.2 (adaptive weighting); the choice of embedding is ours
 */
export function harmonicLogWeight(terms = 16): LogWeight {
  return {
    shapes: { 'logWeight.weight': [terms] },
    apply(params, t) {
      const frequencies = tf.tensor2d(
        Array.from({ length: terms }, (_, k) => 2 * k),
        [1, terms],
      );
      const features = tf.cos(tf.mul(tf.reshape(t, [-1, 1]), frequencies));
      return tf.sum(tf.mul(features, tf.reshape(params['logWeight.weight'], [1, terms])), 1);
    },
  };
}

/**
 * A distance `[B]` under the learned weight of its noise level: e^w distance - w, smallest where w is the negative
 * logarithm of the level's mean distance.
 *
 * @param params - what the head has learned
 * @param ratio - sigma / sigmaData, `[B]`, the tangent of the angle
 */
export function adaptivelyWeighted(distance: Tensor1D, head: LogWeight, params: Params, ratio: Tensor1D): Tensor1D {
  const logWeight = head.apply(params, tf.atan(ratio));
  return tf.sub(tf.mul(distance, tf.exp(logWeight)), logWeight);
}
