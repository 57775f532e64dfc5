import { compile, ortNode } from '@onestep/compile';
import { countLeaks, disposeParams, paramsFromHost, tf, useBackend, type Tensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { formulaWeights } from '../../../../tools/workspace/formula-weights';
import {
  headShapes,
  lpipsDistance,
  lpipsModel,
  lpipsScores,
  trunkShapes,
  type LpipsModel,
  type LpipsNet,
} from '../../src/index';

const modelOf = (net: LpipsNet): LpipsModel =>
  lpipsModel(net, { trunk: formulaWeights(trunkShapes(net)), heads: formulaWeights(headShapes(net)) }, 'formula');
const images = (seed: number, shape = [1, 40, 40, 3]): Tensor => tf.randomUniform(shape, -1, 1, 'float32', seed);
const squeeze = modelOf('squeezenet');

beforeAll(async () => {
  await useBackend('wasm');
});

describe('lpipsDistance', () => {
  it.each(['alexnet', 'squeezenet'] as const)(
    'is 0 for equal images, the same both ways and above 0 otherwise, for %s',
    async (net) => {
      const distance = lpipsDistance(net === 'squeezenet' ? squeeze : modelOf(net));
      expect(distance.name).toBe(`lpips-${net}`);
      const [a, b] = [images(1), images(2)];
      expect((await distance(a, a).data())[0]).toBe(0);
      const [there, back] = [(await distance(a, b).data())[0], (await distance(b, a).data())[0]];
      expect(there).toBeGreaterThan(0);
      expect(back).toBeCloseTo(there, 6);
    },
  );

  it('has a gradient that central differences confirm, along itself and along random directions', async () => {
    const distance = lpipsDistance(squeeze);
    const [a, b] = [images(3), images(4)];
    const gradient = tf.grad((x: Tensor) => tf.sum(distance(x, b)))(a);
    const length = (await tf.norm(gradient).data())[0];
    const missBy = (towards: Tensor): number => {
      const direction = tf.div(towards, tf.norm(towards));
      // Longer steps meet ReLUs that turn on the way (the error falls with the step), shorter ones float32's rounding.
      const step = 1e-2;
      const [up, down] = [1, -1].map((sign) => distance(tf.add(a, tf.mul(direction, sign * step)), b).dataSync()[0]);
      const slope = tf.sum(tf.mul(gradient, direction)).dataSync()[0];
      return Math.abs((up - down) / (2 * step) - slope);
    };
    expect(missBy(gradient)).toBeLessThan(1e-2 * length);
    const misses = [5, 6, 7, 8, 9].map((seed) => missBy(images(seed))).sort((x, y) => x - y);
    // A random direction has a slope of about the gradient's length over the root of the number of pixels.
    expect(misses[2]).toBeLessThan((5e-2 * length) / Math.sqrt(a.size));
  });

  it('has a gradient of numbers where no channel of a pixel is active', async () => {
    const dead = { ...squeeze, weights: { ...squeeze.weights, 'features.0.bias': { dtype: 'float32' as const, shape: [64], data: new Float32Array(64).fill(-1e6) } } }; // prettier-ignore
    const gradient = tf.grad((x: Tensor) => tf.sum(lpipsDistance(dead)(x, images(6))))(images(7));
    expect([...(await gradient.data())].every(Number.isFinite)).toBe(true);
  });

  it('leaves no tensors behind', async () => {
    const [a, b] = [images(8), images(9)];
    const distance = lpipsDistance(squeeze);
    expect((await countLeaks(() => distance(a, b).dispose())).leaked).toBe(0);
  });

  it('computes the same compiled, gradient included', async () => {
    const [a, b] = [images(10), images(11)];
    const distance = lpipsDistance(squeeze);
    const both = (x: Tensor, y: Tensor) =>
      [distance(x, y), tf.grad((at: Tensor) => tf.sum(distance(at, y)))(x)] as const;
    const [value, gradient] = both(a, b);
    const compiled = await compile(both, [a, b], { executor: await ortNode({ threads: 1 }) });
    const [other, otherGradient] = await compiled(a, b);
    await compiled.dispose();
    expect((await other.data())[0]).toBeCloseTo((await value.data())[0], 5);
    const peak = (await tf.max(tf.abs(gradient)).data())[0];
    expect((await tf.max(tf.abs(tf.sub(gradient, otherGradient))).data())[0]).toBeLessThan(1e-4 * peak);
  });

  it('refuses grey images, unless they are to be repeated', async () => {
    const [a, b] = [images(12, [1, 40, 40, 1]), images(13, [1, 40, 40, 1])];
    expect(() => lpipsDistance(squeeze)(a, b)).toThrow(
      /must be \[B, H, W, 3\], got \[1, 40, 40, 1\]\. .*repeatGrey: true/,
    );
    const colour = [a, b].map((x) => tf.tile(x, [1, 1, 1, 3]));
    const repeated = (await lpipsDistance(squeeze, { repeatGrey: true })(a, b).data())[0];
    expect(repeated).toBe((await lpipsDistance(squeeze)(colour[0], colour[1]).data())[0]);
  });

  it('refuses images that are too small or differ in shape, and variants that do not exist', () => {
    const distance = lpipsDistance(squeeze);
    expect(() => distance(images(1, [1, 2, 2, 3]), images(2, [1, 2, 2, 3]))).toThrow(/too small for SqueezeNet 1\.1/);
    expect(() => distance(images(1), images(2, [1, 40, 41, 3]))).toThrow(
      /have shapes \[1, 40, 40, 3\] and \[1, 40, 41, 3\]/,
    );
    expect(() => lpipsDistance(squeeze, { pooling: 'average' })(images(1), images(2))).toThrow(/belongs to vgg16/);
    expect(() => lpipsDistance(squeeze, { resizeTo: 0.5 })(images(1), images(2))).toThrow(
      /resizeTo must be an integer/,
    );
  });
});

describe('lpipsScores', () => {
  it('adds its layers up to the distance', async () => {
    const params = paramsFromHost(squeeze.weights);
    const { distance, perLayer, baseline } = lpipsScores('squeezenet', params, images(1), images(2));
    disposeParams(params);
    expect(perLayer.shape).toEqual([1, 7]);
    expect((await tf.sum(perLayer).data())[0]).toBeCloseTo((await distance.data())[0], 6);
    // Formula heads lie in [0, 1).
    expect((await baseline.data())[0]).toBeGreaterThan((await distance.data())[0]);
  });
});

describe('lpipsModel', () => {
  it('reads the names of a saved LPIPS module', () => {
    const names = Object.entries(formulaWeights(trunkShapes('squeezenet'))).map(
      ([name, tensor]) => [name.replace('features.', 'net.slice3.'), tensor] as const,
    );
    const saved = { ...Object.fromEntries(names), ...formulaWeights(headShapes('squeezenet')) };
    const { weights } = lpipsModel('squeezenet', { trunk: saved }, 'x');
    expect(Object.keys(weights)).toEqual(Object.keys(squeeze.weights));
    expect(weights['features.3.squeeze.weight']).toEqual(squeeze.weights['features.3.squeeze.weight']);
  });

  it('names the wrong tensor and the network that the file is of', () => {
    const alex = formulaWeights(trunkShapes('alexnet'));
    const read = (): unknown => lpipsModel('vgg16', { trunk: alex, heads: {} }, 'x');
    expect(read).toThrow(
      /"features\.0\.weight" has shape \[64, 3, 11, 11\], expected \[64, 3, 3, 3\] \(and \d+ more\)\. This looks like AlexNet\./,
    );
    const heads = formulaWeights(headShapes('alexnet'));
    const trunk = formulaWeights(trunkShapes('squeezenet'));
    expect(() => lpipsModel('squeezenet', { trunk, heads }, 'x')).toThrow(/This looks like LPIPS heads for AlexNet/);
  });

  it('refuses negative heads and weights that are not numbers', () => {
    const trunk = formulaWeights(trunkShapes('squeezenet'));
    const heads = formulaWeights(headShapes('squeezenet'));
    heads['lin0.model.1.weight'].data[3] = -1;
    expect(() => lpipsModel('squeezenet', { trunk, heads }, 'x')).toThrow(/negative weight/);
    heads['lin0.model.1.weight'].data[3] = NaN;
    expect(() => lpipsModel('squeezenet', { trunk, heads }, 'x')).toThrow(/holds NaN at element 3/);
    expect(() => lpipsModel('vgg19' as never, { trunk, heads }, 'x')).toThrow(/no net "vgg19"/);
  });
});
