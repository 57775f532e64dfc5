import { compile } from '@onestep/compile';
import {
  countLeaks,
  disposeParams,
  paramsFromHost,
  randomStream,
  tf,
  useBackend,
  type Params,
  type Rank,
  type Tensor2D,
  type Tensor4D,
} from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { initLenet, lenetFeatures, lenetLogits, lenetShapes } from '../../src/index';

const images = (size: number): Tensor4D =>
  tf.tensor4d(randomStream(1, 'test.images').uniform(3 * size * size), [3, size, size, 1]);

describe('the LeNet', () => {
  beforeAll(() => useBackend('cpu'));

  it('has the recorded shapes, and is the same for the same seed', () => {
    const weights = initLenet(1);
    expect(Object.fromEntries(Object.entries(weights).map(([name, { shape }]) => [name, shape]))).toEqual(lenetShapes);
    expect(weights['conv2.weight'].data).toEqual(initLenet(1)['conv2.weight'].data);
    expect(weights['conv0.weight'].data).not.toEqual(initLenet(2)['conv0.weight'].data);
  });

  it('has below 500 KB of weights', () => {
    const bytes = Object.values(initLenet(1)).reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(bytes).toBeLessThan(490_000);
  });

  it('gives an image of 28 pixels the features of its copy with a border of two', async () => {
    const params = paramsFromHost(initLenet(1));
    const { leaked } = await countLeaks(async () => {
      const small = images(28);
      const large = tf.pad(small, [[0, 0], [2, 2], [2, 2], [0, 0]], -1); // prettier-ignore
      const [first, second] = [lenetFeatures(params, small), lenetFeatures(params, large)];
      const logits = lenetLogits(params, first);
      expect(first.shape).toEqual([3, 64]);
      expect(logits.shape).toEqual([3, 10]);
      expect(await first.data()).toEqual(await second.data());
      tf.dispose([small, large, first, second, logits]);
    });
    expect(leaked).toBe(0);
    disposeParams(params);
  });

  it('is the same compiled', async () => {
    const params = paramsFromHost(initLenet(1));
    const input = images(32);
    const compiled = await compile(
      (weights: Params, x: Tensor4D): Tensor2D => lenetFeatures(weights, x),
      [params, input],
      { constants: [0], executor: { threads: 1 } },
    );
    const [eager, graph] = [lenetFeatures(params, input), await compiled(params, input)];
    const [expected, actual] = [await eager.data(), await graph.data()];
    const scale = Math.max(...expected.map(Math.abs));
    expected.forEach((value, i) => expect(Math.abs(actual[i] - value)).toBeLessThan(1e-5 * scale));
    await compiled.dispose();
    tf.dispose([input, eager, graph, params]);
  });

  it('refuses colour images and other sizes', () => {
    const params = paramsFromHost(initLenet(1));
    const colour = tf.zeros<Rank.R4>([1, 32, 32, 3]);
    expect(() => lenetFeatures(params, colour)).toThrow('[B, 28, 28, 1] or [B, 32, 32, 1], got [1, 32, 32, 3]');
    tf.dispose([colour, params]);
  });
});
