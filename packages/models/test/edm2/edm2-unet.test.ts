import {
  countLeaks,
  disposeParams,
  mapParams,
  randomStream,
  tf,
  type Params,
  type Rank,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { edm2Unet, estimateFlops, planEdm2Unet } from '../../src';
import { resolveEdm2UnetConfig } from '../../src/edm2/config';
import { fourierFeatures } from '../../src/edm2/embedding';
import { normalTensor } from '../support/central-difference';
import { describeOnWasm, itKeepsNoTensors } from '../support/on-backends';
import { smallInputs, smallNetwork } from '../support/small-networks';

const rng = (name: string) => randomStream(1, name);
const gap = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const magnitudeOf = (x: Tensor): number => Math.sqrt(tf.mean(tf.square(x)).dataSync()[0]);
const network = smallNetwork('edm2-unet');
/** Every normalised weight changes by the 1e-4 in its denominator; about 30 of them lie in a row, and max / rms is about 4. */
const epsilonTolerance = 2e-2;

describeOnWasm('edm2Unet', () => {
  itKeepsNoTensors('starts at zero, blind to noise level and label, by its gains alone', () => {
    tf.tidy(() => {
      const fresh = smallNetwork('edm2-unet', { init: 'reference' });
      const params = fresh.init(rng);
      const { x, conditioning } = smallInputs(fresh);
      expect(magnitudeOf(fresh.apply(params, x, conditioning))).toBe(0);
      const zero = Object.keys(params).filter((name) => magnitudeOf(params[name]) === 0);
      expect(zero).toEqual(Object.keys(params).filter((name) => name.endsWith('gain')));
      expect(zero.length).toBe(11);
      const loud = { ...params, out_gain: tf.scalar(1) };
      const before = fresh.apply(loud, x, conditioning);
      expect(gap(before, fresh.apply(loud, x, { cNoise: tf.zeros<Rank.R1>([2]) }))).toBe(0);
    });
  });

  // The magnitude of silu, of independence assumed in sums and of the boundary of convolutions is nearly one, not exactly.
  it.each([0, 3])('keeps unit magnitude from the image to the output, with %i classes', (numClasses) => {
    tf.tidy(() => {
      const wide = edm2Unet({
        ...{ shape: [16, 16, 3], modelChannels: 64, channelMultipliers: [1, 2], numResBlocks: 2 },
        ...{ attentionResolutions: [2], numHeadChannels: 32, numClasses, init: 'nonzero' },
      });
      const silent = wide.init(rng);
      // Conditioning multiplies by 1 + e, which is no unit factor: it has its gain for that.
      const params = mapParams(silent, (tensor, name) => (name.endsWith('emb_gain') ? tf.zerosLike(tensor) : tensor));
      const labels = numClasses === 0 ? undefined : tf.tensor2d([0, 1, 0, 0, 0, 1], [2, 3]);
      const cNoise = tf.tensor1d([-0.5, 1]);
      const out = wide.apply(params, normalTensor('x', [2, 16, 16, 3]), { cNoise, labels });
      expect(magnitudeOf(out)).toBeGreaterThan(0.8);
      expect(magnitudeOf(out)).toBeLessThan(1.2);
    });
  });

  itKeepsNoTensors('does not see the size of any filter', () => {
    tf.tidy(() => {
      const params = network.init(rng);
      const { x, conditioning } = smallInputs(network);
      const louder = mapParams(params, (tensor, name) =>
        tensor.rank === 0
          ? tensor
          : tf.mul(tensor, tf.exp(normalTensor(`size of ${name}`, [tensor.shape[tensor.rank - 1]]))),
      );
      const before = network.apply(params, x, conditioning);
      expect(gap(network.apply(louder, x, conditioning), before) / magnitudeOf(before)).toBeLessThan(epsilonTolerance);
    });
  });

  itKeepsNoTensors('gives every image alone what it gives it in a batch', () => {
    tf.tidy(() => {
      const params = network.init(rng);
      const { x, conditioning } = smallInputs(network, 3);
      const row = <T extends Tensor>(tensor: T | undefined): T => tf.slice(tensor as T, [1], [1]);
      const alone = { cNoise: row(conditioning.cNoise), labels: row(conditioning.labels) };
      const together = network.apply(params, x, conditioning);
      expect(gap(network.apply(params, row(x), alone), row(together))).toBeLessThan(1e-5);
    });
  });

  itKeepsNoTensors('counts absent labels as rows of zeros', () => {
    tf.tidy(() => {
      const params = network.init(rng);
      const { x, conditioning } = smallInputs(network);
      const { cNoise } = conditioning;
      const zeros = { cNoise, labels: tf.zeros<Rank.R2>([2, 2]) };
      expect(gap(network.apply(params, x, zeros), network.apply(params, x, { cNoise }))).toBeLessThan(1e-6);
      expect(gap(network.apply(params, x, conditioning), network.apply(params, x, { cNoise }))).toBeGreaterThan(1e-3);
    });
  });

  itKeepsNoTensors('applies dropout masks where it announces them', () => {
    tf.tidy(() => {
      const dropping = smallNetwork('edm2-unet', { dropout: 0.25 });
      const params = dropping.init(rng);
      const { x, conditioning } = smallInputs(dropping);
      const sites = Object.entries(dropping.dropoutSites(2));
      expect(sites.length).toBe(10);
      expect(network.dropoutSites(2)).toEqual({});
      expect(Object.keys(smallNetwork('edm2-unet', { dropout: 0.25, dropoutResolutions: [] }).dropoutSites(2))).toEqual(
        [],
      );
      const ones = Object.fromEntries(sites.map(([site, shape]) => [site, tf.ones([...shape])]));
      const base = dropping.apply(params, x, conditioning);
      expect(gap(base, dropping.apply(params, x, { ...conditioning, dropout: ones }))).toBe(0);
      for (const [site, shape] of sites) {
        const dropped = { ...ones, [site]: tf.zeros([...shape]) };
        expect(gap(base, dropping.apply(params, x, { ...conditioning, dropout: dropped })), site).toBeGreaterThan(1e-5);
      }
    });
  });

  itKeepsNoTensors('is as smooth along the time as its bandwidth is narrow', () => {
    tf.tidy(() => {
      const change = (fourierScale: number): number => {
        const scaled = smallNetwork('edm2-unet', { fourierScale });
        const params = scaled.init(rng);
        const { x, conditioning } = smallInputs(scaled);
        const at = (time: number): Tensor =>
          scaled.apply(params, x, { ...conditioning, cNoise: tf.tensor1d([time, time]) });
        return gap(at(0.01), at(-0.01));
      };
      expect(change(0.02)).toBeLessThan(change(1) / 20);
    });
  });

  it('leaves one tensor per output', async () => {
    const params = network.init(rng);
    const { x, conditioning } = smallInputs(network);
    const { leaked, result } = await countLeaks(() => network.apply(params, x, conditioning));
    expect(leaked).toBe(1);
    disposeParams(params);
    tf.dispose([x, result, ...Object.values(conditioning)] as never);
  });

  itKeepsNoTensors('refuses images, labels and augmentation that it does not take', () => {
    tf.tidy(() => {
      const { x, conditioning } = smallInputs(network);
      expect(() => network.apply({}, normalTensor('x', [2, 4, 4, 2]), conditioning)).toThrow(
        'edm2Unet.apply: x must be [B, 8, 8, 2], got [2, 4, 4, 2].',
      );
      expect(() => network.apply({}, x, { ...conditioning, labels: normalTensor('l', [2, 5]) as Tensor2D })).toThrow(
        'labels must be one-hot [B, 2], got [2, 5]',
      );
      expect(() => network.apply({}, x, { ...conditioning, augment: tf.zeros<Rank.R2>([2, 9]) })).toThrow(
        'takes no augment',
      );
      expect(() => network.apply({}, x, conditioning)).toThrow('the parameters have no "emb_noise.weight"');
    });
  });
});

describeOnWasm('normalizeWeights', () => {
  const normalised = (params: Params): Params => network.normalizeWeights?.(params) ?? {};

  itKeepsNoTensors('gives every filter unit magnitude and leaves gains alone', () => {
    const params = network.init(rng);
    const unit = normalised(params);
    expect(Object.keys(unit)).toEqual(Object.keys(params));
    tf.tidy(() => {
      for (const [name, tensor] of Object.entries(unit)) {
        expect(tensor.shape, name).toEqual(params[name].shape);
        if (tensor.rank === 0) {
          expect(tensor.dataSync(), name).toEqual(params[name].dataSync());
          continue;
        }
        const filters = (stored: Tensor): Float32Array =>
          tf.sqrt(tf.mean(tf.square(tf.reshape(stored, [-1, stored.shape[stored.rank - 1]])), 0)).dataSync<'float32'>();
        const before = filters(params[name]);
        filters(tensor).forEach((size, i) => {
          expect(size, name).toBeCloseTo(before[i] / (before[i] + 1e-4), 5);
        });
      }
    });
    // The copies are the caller's own.
    disposeParams(unit);
    expect(Object.values(params).some(({ isDisposed }) => isDisposed)).toBe(false);
    disposeParams(params);
  });

  itKeepsNoTensors('computes the same function, and does no more the second time', () => {
    tf.tidy(() => {
      const params = mapParams(network.init(rng), (tensor) => (tensor.rank === 0 ? tensor : tf.mul(tensor, 3)));
      const { x, conditioning } = smallInputs(network);
      const before = network.apply(params, x, conditioning);
      const once = normalised(params);
      const twice = normalised(once);
      expect(gap(network.apply(once, x, conditioning), before) / magnitudeOf(before)).toBeLessThan(epsilonTolerance);
      for (const [name, tensor] of Object.entries(twice)) expect(gap(tensor, once[name]), name).toBeLessThan(1e-3);
    });
  });

  itKeepsNoTensors('stays finite where a filter is zero', () => {
    tf.tidy(() => {
      const zeros = mapParams(network.init(rng), (tensor) => tf.zerosLike(tensor));
      for (const [name, tensor] of Object.entries(normalised(zeros))) expect(magnitudeOf(tensor), name).toBe(0);
      const { x, conditioning } = smallInputs(network);
      const names = Object.keys(zeros);
      const { grads } = tf
        .engine()
        .gradients(() => tf.sum(network.apply(zeros, x, conditioning)), [x, ...names.map((name) => zeros[name])]);
      for (const [i, grad] of grads.entries()) expect(magnitudeOf(grad), names[i - 1]).toBeLessThan(Infinity);
    });
  });
});

describe('the Fourier features', () => {
  const of = (change: object) =>
    fourierFeatures(resolveEdm2UnetConfig({ shape: [8, 8, 1], modelChannels: 512, ...change }));

  it('are equal for equal configs, and their frequencies grow with the bandwidth', () => {
    expect(of({})).toEqual(of({}));
    const [wide, narrow] = [of({}), of({ fourierScale: 0.02 })];
    expect(wide.frequencies[0] / narrow.frequencies[0]).toBeCloseTo(50, 3);
    expect(wide.phases).toEqual(narrow.phases);
    const deviation = Math.hypot(...wide.frequencies) / Math.sqrt(512);
    expect(deviation / (2 * Math.PI)).toBeCloseTo(1, 1);
    expect(Math.min(...wide.phases)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...wide.phases)).toBeLessThanOrEqual(Math.fround(2 * Math.PI));
  });

  it('are those of the config where it has some', () => {
    const given = of({ modelChannels: 2, numHeadChannels: 1, fourierFrequencies: [1.5, -2], fourierPhases: [0, 1] });
    expect(given).toEqual({ frequencies: Float32Array.of(1.5, -2), phases: Float32Array.of(0, 1) });
  });

  describeOnWasm('of a network', () => {
    itKeepsNoTensors('see times multiplied by embeddingScale', () => {
      tf.tidy(() => {
        const scaled = smallNetwork('edm2-unet', { embeddingScale: 4 });
        const params = network.init(rng);
        const { x, conditioning } = smallInputs(network);
        const cNoise = tf.mul<Tensor1D>(conditioning.cNoise, 4);
        const expected = network.apply(params, x, { ...conditioning, cNoise });
        expect(gap(scaled.apply(params, x, conditioning), expected)).toBeLessThan(1e-4);
      });
    });
  });
});

describe('the plan', () => {
  it('gives the stem a channel of ones, and costs two operations per multiply-add', () => {
    const small = edm2Unet({
      shape: [4, 4, 1],
      modelChannels: 4,
      channelMultipliers: [1],
      numResBlocks: 1,
      numHeadChannels: 4,
    });
    expect(planEdm2Unet(small.config).stem.inChannels).toBe(2);
    const conv = (i: number, o: number): number => 16 * 9 * i * o;
    const block = (i: number): number => conv(i, 4) + conv(4, 4) + 4 * 4 + (i === 4 ? 0 : 16 * i * 4);
    const attention = 16 * (4 * 12 + 4 * 4) + 2 * 4 * 16 * 16;
    expect(estimateFlops(small)).toBe(2 * (4 * 4 + conv(2, 4) + 3 * block(4) + attention + 2 * block(8) + conv(4, 1)));
  });
});
