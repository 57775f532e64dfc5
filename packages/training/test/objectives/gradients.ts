import { mapParams, tf, type Params, type Tensor, type Tensor1D } from '@onestep/tensor';
import { expect } from 'vitest';
import { perImageGradients } from '../../src/internal/per-image-gradients';

/** Asserts that the gradient of the mean loss is what central differences say, parameter by parameter. */
export function expectGradients(loss: (params: Params) => Tensor1D, params: Params, batchSize: number): void {
  const step = 1e-2;
  const { grads } = perImageGradients(loss, params, batchSize);
  for (const [name, value] of Object.entries(params)) {
    const data = value.dataSync();
    const along = (i: number, h: number): number =>
      tf.tidy(() => {
        const changed = data.slice();
        changed[i] += h;
        const moved: Tensor = tf.tensor(changed, value.shape);
        return tf.mean(loss(mapParams(params, (own, key) => (key === name ? moved : own)))).dataSync()[0];
      });
    const expected = Array.from(data, (_, i) => {
      // Two steps, so that the error of third order cancels.
      const [wide, narrow] = [2 * step, step].map((h) => (along(i, h) - along(i, -h)) / (2 * h));
      return (4 * narrow - wide) / 3;
    });
    const scale = Math.max(1e-2, ...expected.map(Math.abs));
    const gap = Math.max(...expected.map((slope, i) => Math.abs(slope - grads[name].dataSync()[i])));
    expect(gap / scale, `gradient of ${name}`).toBeLessThan(2e-3);
  }
}
