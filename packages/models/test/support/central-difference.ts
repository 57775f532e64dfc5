import { randomStream, tf, type Tensor } from '@onestep/tensor';
import { expect } from 'vitest';

/**
 * Largest gap between a directional derivative by gradients and by central differences, relative to the larger of both and 1.
 * float32 functions with a step of 1e-2: truncation about 1e-4 of the third derivative, rounding 1e-7 / 1e-2.
 */
const differenceTolerance = 3e-3;

/** A fresh tensor with N(0, 1) entries, a function of its name and shape. */
export function normalTensor(name: string, shape: readonly number[], scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = randomStream(1, name).normal(size);
  return tf.tensor(
    data.map((value) => value * scale),
    [...shape],
  );
}

/** Checks the gradients of sum(f(inputs) * fixed weights) along random directions of each input. */
export function expectGradients(f: (inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], directions = 3): void {
  tf.tidy(() => {
    const cotangent = normalTensor('cotangent', f([...inputs]).shape);
    const loss = (values: Tensor[]): Tensor => tf.sum(tf.mul(f(values), cotangent));
    const { grads } = tf.engine().gradients(() => loss([...inputs]), [...inputs]);
    inputs.forEach((input, i) => {
      for (let k = 0; k < directions; k += 1) {
        const direction = normalTensor(`direction.${i}.${k}`, input.shape);
        const length = Math.sqrt(input.size);
        const at = (step: number): number => {
          const moved = tf.add(input, tf.mul(direction, step / length));
          return loss(inputs.map((other, j) => (j === i ? moved : other))).dataSync()[0];
        };
        const byDifference = (at(1e-2) - at(-1e-2)) / 2e-2;
        const byGradient = tf.sum(tf.mul(grads[i], direction)).dataSync()[0] / length;
        const size = Math.max(1, Math.abs(byDifference), Math.abs(byGradient));
        expect(Math.abs(byDifference - byGradient) / size, `input ${i}, direction ${k}`).toBeLessThan(
          differenceTolerance,
        );
      }
    });
  });
}
