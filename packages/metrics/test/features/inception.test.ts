import { compile, ortNode } from '@onestep/compile';
import { disposeParams, tf, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { formulaWeights } from '../../../../tools/workspace/formula-weights';
import { inceptionOutputs, inceptionShapes, inceptionV3 } from '../../src/index';

const weights = formulaWeights(inceptionShapes);
const pixels = () => tf.round(tf.randomUniform([1, 32, 32, 3], 0, 255, 'float32', 4));

beforeAll(async () => {
  await useBackend('wasm');
});

describe('inceptionV3', () => {
  it('computes the same compiled as op by op', { timeout: 240_000 }, async () => {
    const outputs = ['pool', 'spatial', 'logits'] as const;
    const network = inceptionV3(weights, { sha256: 'x', input: 'clean-fid', outputs });
    const images = pixels();
    const eager = network.evaluate(network.params, images);
    const compiled = await compile(
      (params: typeof network.params, x: tf.Tensor) => network.evaluate(params, x),
      [network.params, images],
      { constants: [0], executor: await ortNode({ threads: 1 }) },
    );
    const other = await compiled(network.params, images);
    await compiled.dispose();
    for (const name of outputs) {
      expect(eager[name].shape).toEqual([1, inceptionOutputs[name]]);
      const [a, b] = [await eager[name].data(), await other[name].data()];
      const peak = Math.max(...a.map(Math.abs));
      expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(1e-5 * peak);
    }
    disposeParams(network.params);
  });

  it('runs only the layers that its outputs need, and takes grey images where asked', { timeout: 240_000 }, () => {
    const grey = tf.round(tf.randomUniform([1, 32, 32, 1], 0, 255, 'float32', 5));
    const network = inceptionV3(weights, { sha256: 'x', outputs: ['features64'], repeatGrey: true });
    expect(network).toMatchObject({ channels: 1, outputs: { features64: 64 } });
    expect(network.preprocessing).toBe('grey repeated to 3 channels, tf1-bilinear-299, (x - 128) / 128');
    expect(Object.keys(network.evaluate(network.params, grey))).toEqual(['features64']);
    disposeParams(network.params);
  });

  it('refuses grey images, unknown rules and outputs, and weights with a wrong shape', () => {
    const network = inceptionV3(weights, { sha256: 'x' });
    expect(() => network.evaluate(network.params, tf.zeros([1, 32, 32, 1]))).toThrow(/repeatGrey: true/);
    disposeParams(network.params);
    expect(() => inceptionV3(weights, { sha256: 'x', input: 'tf2' as never })).toThrow(/input "tf2" is unknown/);
    expect(() => inceptionV3(weights, { sha256: 'x', outputs: [] })).toThrow(/at least one output/);
    const imagenet = { ...weights, 'fc.weight': { ...weights['fc.weight'], shape: [1000, 2048] } };
    expect(() => inceptionV3(imagenet, { sha256: 'x' })).toThrow(
      /"fc\.weight" has shape \[1000, 2048\].*torchvision's Inception v3/,
    );
  });
});
