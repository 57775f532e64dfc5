import { mapParams, paramNames, tf, type Params, type Scalar, type Tensor1D } from '@onestep/tensor';

/**
 * Squared norm of each gradient, in the order of `paramNames`, and the norm of all together:
 * gradNorm = sqrt(sum of squares).
 *
 * @param grads - at least one gradient
 * @returns `squares [number of tensors]`, `norm` (scalar)
 */
export function gradientNorm(grads: Params): { readonly squares: Tensor1D; readonly norm: Scalar } {
  const parts = paramNames(grads).map((name) => tf.reshape(tf.sum(tf.square(grads[name])), [1]));
  const squares = parts.length === 1 ? (parts[0] as Tensor1D) : (tf.concat(parts, 0) as Tensor1D);
  return { squares, norm: tf.sqrt(tf.sum<Scalar>(squares)) };
}

/**
 * Scales all gradients by min(1, clipNorm / gradNorm), so that their norm is at most `clipNorm`.
 *
 * @param norm - of all gradients together, from {@link gradientNorm}
 * @param clipNorm - > 0
 * @remarks Not-a-number stays not-a-number; nothing is repaired in silence.
 */
export function clipGradients(grads: Params, norm: Scalar, clipNorm: number): Params {
  const limit = tf.scalar(clipNorm);
  // limit / max(norm, limit) rather than min(1, limit / norm): no division by a zero norm.
  const scale = tf.div(limit, tf.maximum(norm, limit));
  return mapParams(grads, (grad) => tf.mul(grad, scale));
}
