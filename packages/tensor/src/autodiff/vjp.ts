import { tf, type Tensor } from '../tf';

/**
 * Vector-Jacobian product: the gradient of sum(fn(inputs) dy) with respect to every input. Unlike `tf.grads` it may be called
 * within the backward pass of another gradient, for instance in the `gradFunc` of a `tf.customGrad`.
 *
 * @param fn - pure, differentiable function of its arguments
 * @param inputs - the point
 * @param dy - of the shape of the value
 * @returns one gradient per input, zeros for an input that `fn` does not use; the caller's to dispose
 * @remarks What it computes is not recorded for an outer gradient: there is no second derivative through it.
 */
export function vjp(fn: (inputs: readonly Tensor[]) => Tensor, inputs: Tensor[], dy: Tensor): Tensor[] {
  const { state } = tf.engine();
  // The engine has one tape: a gradient inside the backward pass of another would start over on it and throw it away.
  const tape = state.activeTape;
  try {
    return tf.tidy(() => {
      const { grads } = tf.engine().gradients(() => fn(inputs), inputs, dy, true);
      return (grads as readonly (Tensor | null | undefined)[]).map((grad, i) => grad ?? tf.zeros(inputs[i].shape));
    });
  } finally {
    state.activeTape = tape;
  }
}
