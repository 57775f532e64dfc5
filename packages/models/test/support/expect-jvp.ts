import { jvp, tf, type Tensor } from '@onestep/tensor';
import { expect } from 'vitest';
import { normalTensor } from './central-difference';

/** Relative to 1 + the largest entry. */
const tolerance = 1e-4;
/** A float32 network is good to about 2e-6, a difference over this step hence to 3e-5; truncation goes with its 4th power. */
const step = 4e-2;

/** Compares the directional derivative along random directions with central differences of fourth order. */
export function expectJvp(f: (inputs: readonly Tensor[]) => Tensor, primals: readonly Tensor[]): void {
  tf.tidy(() => {
    const tangents = primals.map(({ shape, size }, i) => normalTensor(`tangent.${i}`, shape, 1 / Math.sqrt(size)));
    const { value, tangent } = jvp((...inputs) => f(inputs), primals, tangents);
    const at = (h: number): Tensor => f(primals.map((primal, i) => tf.add(primal, tf.mul(tangents[i], h))));
    const slope = (h: number): Tensor => tf.div(tf.sub(at(h), at(-h)), 2 * h);
    const expected = tf.sub(tf.mul(slope(step), 4 / 3), tf.mul(slope(2 * step), 1 / 3));
    const gap = tf.max(tf.abs(tf.sub(tangent, expected))).dataSync()[0];
    const largest = tf.max(tf.abs(expected)).dataSync()[0];
    expect(largest).toBeGreaterThan(1e-3);
    expect(gap / (1 + largest)).toBeLessThan(tolerance);
    expect(tf.max(tf.abs(tf.sub(value, f(primals)))).dataSync()[0]).toBeLessThan(1e-5);
  });
}
