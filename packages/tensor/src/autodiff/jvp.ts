import { tf, type Tensor } from '../tf';

/**
 * Value and directional derivative of a function: forward-mode differentiation by reverse mode twice.
 *
 *     g(u) = sum over i of <vjp(fn, primals)(u)[i], tangents[i]> is linear in u; its gradient is J tangents
 *
 * @param fn - differentiable function of tensors, made of operations that have second-order gradients
 * @param primals - the point; float32
 * @param tangents - the direction, one tensor of the same shape per primal
 * @param options - `outputShape`: shape of `fn`'s result, if known; saves one evaluation of `fn`
 * @returns `value`, fn(primals), and `tangent` of the same shape; the caller disposes both
 * @throws {@link RangeError} if numbers or shapes of primals and tangents differ, or there are none
 * @remarks Costs about three evaluations of `fn` and the memory of a backward pass. Traced and compiled, only the forward
 *   pass and the tangent remain.
 * @example
 * ```ts
 * const { value, tangent } = jvp((x) => tf.square(x), [tf.scalar(3)], [tf.scalar(1)]); // 9 and 6
 * ```
 */
export function jvp(
  fn: (...primals: Tensor[]) => Tensor,
  primals: readonly Tensor[],
  tangents: readonly Tensor[],
  { outputShape }: { readonly outputShape?: readonly number[] } = {},
): { readonly value: Tensor; readonly tangent: Tensor } {
  checkPairs(primals, tangents);
  return tf.tidy(() => {
    const xs = [...primals];
    const shape = outputShape ?? tf.tidy(() => fn(...xs).shape);
    // Any cotangent will do, the gradient with respect to it does not depend on it; zero costs nothing to make.
    const cotangent = tf.zeros([...shape]);
    const evaluated: { value?: Tensor } = {};
    const along = (): Tensor => {
      const { value, grads } = tf.engine().gradients(() => fn(...xs), xs, cotangent, true);
      // Outlives the scopes of both gradients.
      evaluated.value = tf.keep(tf.clone(value));
      // A primal that fn does not use has no gradient and contributes nothing.
      const products = (grads as readonly (Tensor | null | undefined)[]).flatMap((grad, i) =>
        grad ? [tf.sum(tf.mul(grad, tangents[i]))] : [],
      );
      return products.reduce((sum, product) => tf.add(sum, product), tf.mul(tf.sum(cotangent), 0));
    };
    const { grads } = tf.engine().gradients(along, [cotangent]);
    const kept = evaluated.value as Tensor;
    // Only a tensor that is not kept goes with the caller's scope.
    const value = tf.clone(kept);
    kept.dispose();
    return { value, tangent: grads[0] };
  });
}

function checkPairs(primals: readonly Tensor[], tangents: readonly Tensor[]): void {
  if (primals.length === 0 || primals.length !== tangents.length) {
    throw new RangeError(
      `jvp: needs one tangent per primal and at least one, got ${primals.length} primals and ${tangents.length} tangents.`,
    );
  }
  primals.forEach(({ shape }, i) => {
    if (shape.join() !== tangents[i].shape.join()) {
      throw new RangeError(
        `jvp: tangents[${i}] has shape [${tangents[i].shape.join(', ')}], expected that of its primal, [${shape.join(', ')}].`,
      );
    }
  });
}
