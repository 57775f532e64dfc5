import { tf, type Scalar, type Tensor } from '../tf';

/** Balances truncation (step squared) against float32 rounding (epsilon / step). */
const step = 1e-2;

/** Deterministic values in [-1, 1) without a pattern; `salt` selects another set. */
export function patternedValues(shape: readonly number[], salt = 1): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const data = new Float32Array(size);
  for (let i = 0; i < size; i += 1) {
    const word = Math.imul(Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b), 0xc2b2ae35);
    data[i] = ((word ^ (word >>> 15)) >>> 0) / 0x8000_0000 - 1;
  }
  return tf.tensor(data, [...shape]);
}

/**
 * Compares the gradients of `sum(w * f(inputs))`, w fixed, with central differences on the current backend.
 *
 * @param f - differentiable function of tensors
 * @param inputs - the point; not disposed
 * @param entriesPerInput - how many entries of each input are moved
 * @returns the largest difference, relative to 1 + the largest gradient of that input
 */
export async function gradientError(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  entriesPerInput = 8,
): Promise<number> {
  const loss = (...values: Tensor[]): Scalar =>
    tf.tidy(() => {
      const y = f(...values);
      return tf.sum(tf.mul(y, patternedValues(y.shape, 7)));
    });
  const gradients = tf.grads(loss)([...inputs]);
  let worst = 0;
  for (const [position, input] of inputs.entries()) {
    const values = (await input.data<'float32'>()).slice();
    const gradient = await gradients[position].data<'float32'>();
    const scale = 1 + gradient.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const lossAt = async (i: number, delta: number): Promise<number> => {
      const moved = values.slice();
      moved[i] += delta;
      const scalar = tf.tidy(() => {
        const replacement = tf.tensor(moved, input.shape);
        return loss(...inputs.map((other, j) => (j === position ? replacement : other)));
      });
      const [value] = await scalar.data();
      scalar.dispose();
      return value;
    };
    const stride = Math.max(1, Math.floor(values.length / entriesPerInput));
    for (let i = 0; i < values.length; i += stride) {
      const difference = ((await lossAt(i, step)) - (await lossAt(i, -step))) / (2 * step);
      const error = Math.abs(difference - gradient[i]) / scale;
      // NaN must not pass as small.
      worst = error <= worst ? worst : error;
    }
  }
  gradients.forEach((gradient) => gradient.dispose());
  return worst;
}
