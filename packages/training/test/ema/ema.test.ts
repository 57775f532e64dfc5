import { beforeAll, describe, expect, it } from 'vitest';
import { countLeaks, disposeParams, tf, useBackend, type Params } from '@onestep/tensor';
import { emaDecay, updateEma } from '@onestep/training';

beforeAll(() => useBackend('cpu'));

describe('emaDecay', () => {
  it('halves the weight of an image after its half-life', () => {
    const decay = emaDecay({ halfLifeImages: 1000, rampUp: null }, { imagesSeen: 0, batchSize: 10 });
    expect(decay ** 100).toBeCloseTo(0.5, 12);
  });

  it('ramps up from 0, where the average equals the weights', () => {
    const at = (imagesSeen: number) => emaDecay({ halfLifeImages: 1000 }, { imagesSeen, batchSize: 10 });
    expect(at(0)).toBe(0);
    expect(at(100)).toBe(0.5 ** (10 / 5));
    expect(at(1e9)).toBe(0.5 ** (10 / 1000));
  });

  it.each([{}, { decay: 1 }, { decay: -0.1 }, { decay: 0.5, halfLifeImages: 3 }, { halfLifeImages: 0 }])(
    'refuses %o',
    (rule) => {
      expect(() => emaDecay(rule, { imagesSeen: 0, batchSize: 1 })).toThrow(RangeError);
    },
  );
});

describe('updateEma', () => {
  it('leaves an average that has arrived where it is, also at decays near 1', async () => {
    const { leaked } = await countLeaks(() => {
      const weights: Params = { a: tf.tensor1d([0.3, -7, 1e-3]) };
      let ema: Params = { a: weights.a.clone() };
      for (let k = 0; k < 200; k += 1) {
        const next = tf.tidy(() => updateEma(ema, weights, tf.scalar(1 - 0.9999)));
        disposeParams(ema);
        ema = next;
      }
      expect([...ema.a.dataSync()]).toEqual([...weights.a.dataSync()]);
      disposeParams(weights);
      disposeParams(ema);
    });
    expect(leaked).toBe(0);
  });
});
