import {
  countLeaks,
  disposeParams,
  mapParams,
  randomStream,
  tf,
  type Params,
  type Rank,
  type Tensor,
} from '@onestep/tensor';
import { expect, it } from 'vitest';
import { dhariwalUnet } from '../../src';
import { normalTensor } from '../support/central-difference';
import { describeOnWasm, itKeepsNoTensors } from '../support/on-backends';
import { smallInputs, smallNetwork } from '../support/small-networks';

const rng = (name: string) => randomStream(1, name);
const gap = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const network = smallNetwork('dhariwal-unet');

describeOnWasm('dhariwalUnet', () => {
  itKeepsNoTensors('starts at zero, with every block the identity up to its skip', () => {
    tf.tidy(() => {
      const fresh = smallNetwork('dhariwal-unet', { init: 'reference' });
      const params = fresh.init(rng);
      const { x, conditioning } = smallInputs(fresh);
      expect(tf.max(tf.abs(fresh.apply(params, x, conditioning))).dataSync()[0]).toBe(0);
      const zero = Object.keys(params).filter((name) => tf.max(tf.abs(params[name])).dataSync()[0] === 0);
      expect(zero.filter((name) => !/norm\d?\.bias$/.test(name))).toEqual(
        Object.keys(params).filter((name) => /conv1|proj|out_conv|map_augment/.test(name)),
      );
    });
  });

  itKeepsNoTensors('gives every image alone what it gives it in a batch', () => {
    tf.tidy(() => {
      const params = network.init(rng);
      const { x, conditioning } = smallInputs(network, 3);
      const row = <T extends Tensor>(tensor: T | undefined): T => tf.slice(tensor as T, [1], [1]);
      const { cNoise, labels, augment } = conditioning;
      const alone = { cNoise: row(cNoise), labels: row(labels), augment: row(augment) };
      const together = network.apply(params, x, conditioning);
      expect(gap(network.apply(params, row(x), alone), row(together))).toBeLessThan(1e-5);
    });
  });

  itKeepsNoTensors('counts absent labels as rows of zeros', () => {
    tf.tidy(() => {
      const params = network.init(rng);
      const { x, conditioning } = smallInputs(network);
      const { cNoise } = conditioning;
      const zeros = { cNoise, labels: tf.zeros<Rank.R2>([2, 2]), augment: tf.zeros<Rank.R2>([2, 3]) };
      expect(gap(network.apply(params, x, zeros), network.apply(params, x, { cNoise }))).toBe(0);
      expect(gap(network.apply(params, x, conditioning), network.apply(params, x, { cNoise }))).toBeGreaterThan(1e-3);
    });
  });

  itKeepsNoTensors('does not see the size of the modulation with double norm', () => {
    tf.tidy(() => {
      const normed = smallNetwork('dhariwal-unet with double norm');
      const params = normed.init(rng);
      const { x, conditioning } = smallInputs(normed);
      const louder: Params = mapParams(params, (tensor, name) =>
        name.includes('.affine.') ? tf.mul(tensor, 3) : tensor,
      );
      const before = normed.apply(params, x, conditioning);
      expect(gap(normed.apply(louder, x, conditioning), before)).toBeLessThan(1e-4);
      const plain = dhariwalUnet({ ...(normed.config as { shape: number[] }), doubleNorm: false });
      expect(gap(plain.apply(louder, x, conditioning), plain.apply(params, x, conditioning))).toBeGreaterThan(1e-2);
    });
  });

  itKeepsNoTensors('applies dropout masks where it announces them', () => {
    tf.tidy(() => {
      const dropping = smallNetwork('dhariwal-unet', { dropout: 0.25 });
      const params = dropping.init(rng);
      const { x, conditioning } = smallInputs(dropping);
      const sites = Object.entries(dropping.dropoutSites(2));
      expect(sites.length).toBe(10);
      expect(network.dropoutSites(2)).toEqual({});
      const ones = Object.fromEntries(sites.map(([site, shape]) => [site, tf.ones([...shape])]));
      const base = dropping.apply(params, x, conditioning);
      expect(gap(base, dropping.apply(params, x, { ...conditioning, dropout: ones }))).toBe(0);
      for (const [site, shape] of sites) {
        const dropped = { ...ones, [site]: tf.zeros([...shape]) };
        expect(gap(base, dropping.apply(params, x, { ...conditioning, dropout: dropped })), site).toBeGreaterThan(1e-5);
      }
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

  itKeepsNoTensors('refuses images and labels of other shapes', () => {
    tf.tidy(() => {
      const { x, conditioning } = smallInputs(network);
      expect(() => network.apply({}, normalTensor('x', [2, 4, 4, 2]), conditioning)).toThrow(
        'dhariwalUnet.apply: x must be [B, 8, 8, 2], got [2, 4, 4, 2].',
      );
      const wide = { ...conditioning, augment: tf.zeros<Rank.R2>([2, 9]) };
      expect(() => network.apply({}, x, wide)).toThrow('augment must be [B, 3], got [2, 9]');
      const without = smallNetwork('dhariwal-unet', { augmentChannels: 0 });
      expect(() => without.apply({}, x, conditioning)).toThrow('takes no augment');
    });
  });
});
