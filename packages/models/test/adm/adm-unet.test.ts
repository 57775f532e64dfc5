import {
  countLeaks,
  disposeParams,
  randomStream,
  tf,
  valueAndGrads,
  type Params,
  type Scalar,
  type Tensor,
  type Tensor1D,
} from '@onestep/tensor';
import type { Conditioning } from '@onestep/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { admUnet, type AdmUnetOptions } from '../../src';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

/** Every kind of layer but the plain resampling ones, at 4 x 4 and 2 x 2. */
const options: AdmUnetOptions = {
  shape: [8, 8, 1],
  patchSize: 2,
  modelChannels: 8,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionResolutions: [2],
  numHeadChannels: 8,
  numClasses: 3,
  dropout: 0.25,
  groupNormMinChannels: 4,
  init: 'nonzero',
};
const variants: Readonly<Record<string, AdmUnetOptions>> = {
  'plain convolutional resampling': options,
  'resampling without weights, embedding added': { ...options, convResample: false, scaleShiftNorm: false },
  'resampling inside residual blocks': { ...options, resblockUpDown: true },
};
const oneHot = (labels: readonly number[]): Tensor =>
  tf.tensor2d(labels.map((label) => [0, 1, 2].map((i) => Number(i === label))));

describeOnBackends('admUnet', () => {
  const network = admUnet(options);
  let params: Params;
  beforeAll(() => {
    params = network.init((name) => randomStream(1, name));
  });
  afterAll(() => {
    disposeParams(params);
  });
  const conditioning = (batch: number): Conditioning => ({
    cNoise: normalTensor('cNoise', [batch]) as Tensor1D,
    labels: oneHot(Array.from({ length: batch }, (_, i) => i % 3)) as Conditioning['labels'],
  });
  const rows = (x: Tensor, order: readonly number[]): Tensor => tf.concat(order.map((row) => tf.slice(x, [row], [1])));
  const gap = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

  itKeepsNoTensors('hands groupNormEpsilon to every norm: under a huge one no gain matters', () => {
    tf.tidy(() => {
      const flat = admUnet({ ...options, groupNormEpsilon: 1e20 });
      const { grads } = valueAndGrads(
        (own: Params) => tf.sum<Scalar>(flat.apply(own, normalTensor('x', [2, 8, 8, 1]), conditioning(2))),
        params,
      );
      const gains = Object.keys(params).filter((name) =>
        /(in_layers\.0|out_layers\.0|norm|out\.0)\.weight$/.test(name),
      );
      expect(gains.length).toBeGreaterThan(8);
      for (const name of gains) expect(tf.max(tf.abs(grads[name])).dataSync()[0]).toBeLessThan(1e-6);
    });
  });

  it('is equivariant under any permutation of the batch', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1, maxLength: 4 }), (order) => {
        tf.tidy(() => {
          const x = normalTensor('x', [4, 8, 8, 1]);
          const { cNoise, labels } = conditioning(4);
          const permuted = {
            cNoise: rows(cNoise, order) as Tensor1D,
            labels: labels && (rows(labels, order) as Conditioning['labels']),
          };
          const all = network.apply(params, x, { cNoise, labels });
          expect(gap(network.apply(params, rows(x, order), permuted), rows(all, order))).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 4 },
    );
  });

  itKeepsNoTensors('depends on noise level, label and image', () => {
    tf.tidy(() => {
      const x = normalTensor('x', [1, 8, 8, 1]);
      const base = network.apply(params, x, conditioning(1));
      const { cNoise, labels } = conditioning(1);
      expect(gap(base, network.apply(params, x, { cNoise: tf.add(cNoise, 1), labels }))).toBeGreaterThan(1e-4);
      expect(gap(base, network.apply(params, x, { cNoise }))).toBeGreaterThan(1e-4);
      expect(gap(base, network.apply(params, tf.neg(x), { cNoise, labels }))).toBeGreaterThan(1e-4);
    });
  });

  it('leaves one tensor per output and one per gradient', async () => {
    const x = normalTensor('x', [2, 8, 8, 1]);
    const given = conditioning(2);
    const { leaked: ofApply, result: out } = await countLeaks(() => network.apply(params, x, given));
    expect(ofApply).toBe(1);
    const { leaked: ofGrads, result } = await countLeaks(() =>
      valueAndGrads((weights) => tf.sum(tf.square(network.apply(weights, x, given))), params),
    );
    expect(ofGrads).toBe(1 + Object.keys(params).length);
    disposeParams(result.grads);
    tf.dispose([x, out, result.value, given.cNoise, given.labels ?? []]);
  });

  itKeepsNoTensors('applies dropout masks where it announces them', () => {
    tf.tidy(() => {
      const x = normalTensor('x', [2, 8, 8, 1]);
      const sites = Object.entries(network.dropoutSites(2));
      // Two blocks down, two in the middle, four up.
      expect(sites.map(([, shape]) => shape.join())).toEqual([
        '2,4,4,8',
        '2,2,2,16',
        ...['2,2,2,16', '2,2,2,16', '2,2,2,16', '2,2,2,16'],
        ...['2,4,4,8', '2,4,4,8'],
      ]);
      const given = conditioning(2);
      const base = network.apply(params, x, given);
      const ones = Object.fromEntries(sites.map(([site, shape]) => [site, tf.ones([...shape])]));
      expect(gap(base, network.apply(params, x, { ...given, dropout: ones }))).toBe(0);
      for (const [site, shape] of sites) {
        const dropped = { ...ones, [site]: tf.zeros([...shape]) };
        expect(gap(base, network.apply(params, x, { ...given, dropout: dropped })), site).toBeGreaterThan(1e-5);
      }
    });
  });
});

describe('admUnet variants', () => {
  describeOnBackends('gradients', () => {
    for (const [title, variant] of Object.entries(variants)) {
      itKeepsNoTensors(`are those of central differences with ${title}`, () => {
        tf.tidy(() => {
          const network = admUnet(variant);
          const params = network.init((name) => randomStream(1, name));
          const probed = [
            'input_blocks.0.0.weight',
            'middle_block.0.in_layers.2.bias',
            'out.0.weight',
            'label_emb.weight',
          ];
          expectGradients(
            ([x, cNoise, ...weights]) =>
              network.apply({ ...params, ...Object.fromEntries(probed.map((name, i) => [name, weights[i]])) }, x, {
                cNoise: cNoise as Tensor1D,
                labels: oneHot([0, 2]) as Conditioning['labels'],
              }),
            [normalTensor('x', [2, 8, 8, 1]), normalTensor('t', [2]), ...probed.map((name) => params[name])],
            1,
          );
        });
      });
    }
  });
});
