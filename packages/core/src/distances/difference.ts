import { tf, type Tensor, type Tensor2D } from '@onestep/tensor';

/** a - b, after a check that no broadcasting is involved. */
export function difference(where: string, a: Tensor, b: Tensor): Tensor {
  if (a.rank < 1 || a.shape.join() !== b.shape.join()) {
    throw new RangeError(
      `${where}: a and b must have the same shape [B, ...], got [${a.shape.join(', ')}] and [${b.shape.join(', ')}].`,
    );
  }
  return tf.sub(a, b);
}

/** `[B, ...]` to `[B, d]`. */
export function flattened(x: Tensor): Tensor2D {
  return tf.reshape(x, [x.shape[0], x.size / x.shape[0]]);
}
