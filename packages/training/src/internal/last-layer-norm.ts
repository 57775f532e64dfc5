import { tf, valueAndGrads, type Params, type Scalar, type Tensor1D } from '@onestep/tensor';
import type { Model } from '../objectives/objective';

/**
 * |grad of the mean loss| with respect to the weight of the network's last layer.
 *
 * @param student - the model, which must name its output weight
 * @param loss - of each image, `[B]`, of the model with any weights
 * @param missing - the error's message where it names none
 * @throws {@link TypeError} with that message
 */
export function lastLayerNorm(student: Model, loss: (student: Model) => Tensor1D, missing: string): Scalar {
  const name = student.outputWeight;
  if (name === undefined) throw new TypeError(missing);
  const atLast = (last: Params): Scalar => tf.mean<Scalar>(loss(student.withParams({ ...student.params, ...last })));
  const { grads } = valueAndGrads(atLast, { [name]: student.params[name] });
  return tf.sqrt(tf.sum<Scalar>(tf.square(grads[name])));
}

/** first / (second + 1e-4), at most `largest`: the factor that gives the second loss the first one's norm. */
export function balanced(first: Scalar, second: Scalar, largest: number): Scalar {
  return tf.minimum(tf.div<Scalar>(first, tf.add(second, 1e-4)), tf.scalar(largest));
}
