import type { Conditioning } from '@onestep/core';
import {
  countLeaks,
  disposeParams,
  OnestepError,
  randomStream,
  tf,
  useBackend,
  valueAndGrads,
  type Params,
  type Tensor,
  type Tensor1D,
} from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { songUnet, type SongUnetOptions } from '../../src';
import { expectJvp } from '../support/expect-jvp';
import { normalTensor } from '../support/central-difference';
import { itKeepsNoTensors } from '../support/on-backends';
import { conditioningFor, small, variants } from './variants';

const gap = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const rows = (x: Tensor, order: readonly number[]): Tensor => tf.concat(order.map((row) => tf.slice(x, [row], [1])));

/** Runs `body` with fresh weights and inputs of two images, and frees everything. */
function withNetwork(
  options: SongUnetOptions,
  body: (given: {
    network: ReturnType<typeof songUnet>;
    params: Params;
    x: Tensor;
    conditioning: Conditioning;
  }) => void,
): void {
  tf.tidy(() => {
    const network = songUnet(options);
    const params = network.init((name) => randomStream(1, name));
    const x = normalTensor('x', [2, ...network.shape]);
    body({ network, params, x, conditioning: conditioningFor(network.config, 2) });
  });
}

describe('songUnet', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  describe.each(variants)('with %s', (_, options) => {
    itKeepsNoTensors('gives every parameter a gradient, the same when blocks are recomputed', () => {
      withNetwork(options, ({ network, params, x, conditioning }) => {
        const lossOf = (recompute: boolean) =>
          valueAndGrads((weights) => {
            const out = network.apply(weights, x, conditioning, { recompute });
            expect(out.shape).toEqual([2, ...network.shape.slice(0, 2), network.config.outChannels]);
            return tf.sum(tf.square(out));
          }, params);
        const kept = lossOf(false);
        const again = lossOf(true);
        const without = Object.entries(kept.grads).filter(([, grad]) => !(tf.max(tf.abs(grad)).dataSync()[0] > 0));
        expect(without.map(([name]) => name)).toEqual([]);
        expect(gap(kept.value, again.value)).toBe(0);
        for (const [name, grad] of Object.entries(kept.grads)) {
          const largest = tf.max(tf.abs(grad)).dataSync()[0];
          expect(gap(grad, again.grads[name]), name).toBeLessThanOrEqual(1e-5 * largest);
        }
      });
    });

    itKeepsNoTensors('has the directional derivative of central differences', () => {
      withNetwork(options, ({ network, params, x, conditioning }) => {
        const { cNoise, cNoise2, ...rest } = conditioning;
        expectJvp(
          ([image, first, second]) =>
            network.apply(params, image, {
              ...rest,
              cNoise: first as Tensor1D,
              ...(cNoise2 && { cNoise2: second as Tensor1D }),
            }),
          [x, cNoise, ...(cNoise2 ? [cNoise2] : [])],
        );
      });
    });
  });

  it('is equivariant under any permutation of the batch', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1, maxLength: 4 }), (order) => {
        withNetwork(small, ({ network, params }) => {
          const x = normalTensor('x', [4, 4, 4, 2]);
          const given = conditioningFor(network.config, 4);
          const permuted = Object.fromEntries(
            Object.entries(given).map(([key, tensor]) => [key, rows(tensor as Tensor, order)]),
          ) as unknown as Conditioning;
          const all = rows(network.apply(params, x, given), order);
          expect(gap(network.apply(params, rows(x, order), permuted), all)).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 4 },
    );
  });

  itKeepsNoTensors('depends on image, times, label and augmentation', () => {
    withNetwork({ ...small, secondTime: true }, ({ network, params, x, conditioning }) => {
      const base = network.apply(params, x, conditioning);
      const moved: Partial<Conditioning>[] = [
        { cNoise: tf.add<Tensor1D>(conditioning.cNoise, 1) },
        { cNoise2: tf.add<Tensor1D>(conditioning.cNoise, 1) },
        { labels: undefined },
        { augment: undefined },
      ];
      for (const change of moved) {
        expect(gap(base, network.apply(params, x, { ...conditioning, ...change }))).toBeGreaterThan(1e-4);
      }
      expect(gap(base, network.apply(params, tf.neg(x), conditioning))).toBeGreaterThan(1e-4);
    });
  });

  itKeepsNoTensors('takes absent labels for the unconditional one, an all-zero row', () => {
    withNetwork(small, ({ network, params, x, conditioning }) => {
      const { labels, ...rest } = conditioning;
      const zero = labels && tf.zerosLike(labels);
      expect(gap(network.apply(params, x, rest), network.apply(params, x, { ...rest, labels: zero }))).toBe(0);
    });
  });

  itKeepsNoTensors('with doubleNorm does not see the size of scale and shift', () => {
    withNetwork({ ...small, adaptiveScale: true, doubleNorm: true }, ({ network, params, x, conditioning }) => {
      const louder = Object.fromEntries(
        Object.entries(params).map(([name, tensor]) => [name, name.includes('.affine.') ? tf.mul(tensor, 7) : tensor]),
      );
      const out = network.apply(params, x, conditioning);
      expect(gap(out, network.apply(louder, x, conditioning))).toBeLessThan(1e-3);
    });
  });

  itKeepsNoTensors('starts at almost zero in the reference, and as a function of the image otherwise', () => {
    const largest = (init: 'reference' | 'nonzero'): number => {
      let found = 0;
      withNetwork({ ...small, init }, ({ network, params, x, conditioning }) => {
        found = tf.max(tf.abs(network.apply(params, x, conditioning))).dataSync()[0];
      });
      return found;
    };
    expect(largest('reference')).toBeLessThan(1e-3);
    expect(largest('nonzero')).toBeGreaterThan(0.1);
  });

  it('leaves one tensor per output and one per gradient', async () => {
    const network = songUnet({ ...small, encoder: 'residual', decoder: 'skip', resampleFilter: [1, 3, 3, 1] });
    const params = network.init((name) => randomStream(1, name));
    const x = normalTensor('x', [2, 4, 4, 2]);
    const given = conditioningFor(network.config, 2);
    for (const recompute of [false, true]) {
      const { leaked: ofApply, result: out } = await countLeaks(() => network.apply(params, x, given, { recompute }));
      expect(ofApply).toBe(1);
      const { leaked: ofGrads, result } = await countLeaks(() =>
        valueAndGrads((weights) => tf.sum(tf.square(network.apply(weights, x, given, { recompute }))), params),
      );
      expect(ofGrads).toBe(1 + Object.keys(params).length);
      disposeParams(result.grads);
      tf.dispose([out, result.value]);
    }
    disposeParams(params);
    tf.dispose([x, ...Object.values(given)] as Tensor[]);
  });

  itKeepsNoTensors('applies dropout masks where it announces them', () => {
    withNetwork({ ...small, dropout: 0.25 }, ({ network, params, x, conditioning }) => {
      const sites = Object.entries(network.dropoutSites(2));
      // One block at 4 x 4, one down, one at 2 x 2; four going up there, three at 4 x 4.
      expect(sites.map(([, shape]) => shape.join())).toEqual([
        '2,4,4,8',
        ...['2,2,2,8', '2,2,2,16'],
        ...['2,2,2,16', '2,2,2,16', '2,2,2,16', '2,2,2,16'],
        ...['2,4,4,16', '2,4,4,8', '2,4,4,8'],
      ]);
      const base = network.apply(params, x, conditioning);
      const ones = Object.fromEntries(sites.map(([site, shape]) => [site, tf.ones([...shape])]));
      expect(gap(base, network.apply(params, x, { ...conditioning, dropout: ones }))).toBe(0);
      for (const [site, shape] of sites) {
        const dropout = { ...ones, [site]: tf.zeros([...shape]) };
        expect(gap(base, network.apply(params, x, { ...conditioning, dropout })), site).toBeGreaterThan(1e-5);
      }
      expect(songUnet(small).dropoutSites(2)).toEqual({});
    });
  });

  it('refuses what it would pass over, and asks for what it needs', () => {
    withNetwork({ ...small, numClasses: 0, augmentChannels: 0 }, ({ network, params, x, conditioning }) => {
      const { cNoise } = conditioning;
      const apply = (change: Partial<Conditioning>) => () => network.apply(params, x, { cNoise, ...change });
      expect(apply({ cNoise2: cNoise })).toThrow(OnestepError);
      expect(apply({ augment: tf.zeros([2, 9]) })).toThrow('this network takes no augment');
      expect(apply({ labels: tf.zeros([2, 3]) })).toThrow('This network has no classes');
      expect(() => network.apply(params, tf.zeros([2, 4, 4, 3]), { cNoise })).toThrow('x must be [B, 4, 4, 2]');
      const timed = songUnet({ ...small, secondTime: true });
      expect(() => timed.apply(params, x, { cNoise })).toThrow('cNoise2 is missing');
    });
  });
});
