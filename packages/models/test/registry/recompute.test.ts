import { disposeParams, randomStream, tf, valueAndGrads, type Params, type Scalar } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { admUnet, dhariwalUnet, edm2Unet, mlp, type PlannedNetwork } from '../../src';
import { difference, magnitude } from '../golden/golden-case';
import { normalTensor } from '../support/central-difference';
import { describeOnWasm, itKeepsNoTensors } from '../support/on-backends';
import { smallInputs, smallNetwork, smallNetworkNames } from '../support/small-networks';

const rng = (name: string) => randomStream(1, name);

describe.each(smallNetworkNames)('recompute in %s', (key) => {
  describeOnWasm('gradients', () => {
    itKeepsNoTensors('are those of the plain pass, with second time and dropout', () => {
      const network = smallNetwork(key, { secondTime: true, dropout: 0.5 });
      const params = network.init(rng);
      const { x, conditioning } = smallInputs(network);
      const masks = Object.entries(network.dropoutSites(2)).map(([name, shape]) => [name, normalTensor(name, shape)]);
      const given = { ...conditioning, dropout: Object.fromEntries(masks) as Params };
      const gradsOf = (recompute: boolean): { value: Scalar; grads: Params } =>
        valueAndGrads((weights) => tf.sum<Scalar>(tf.square(network.apply(weights, x, given, { recompute }))), params);
      const plain = gradsOf(false);
      const again = gradsOf(true);
      expect(again.value.dataSync()).toEqual(plain.value.dataSync());
      const largest = Math.max(...Object.values(plain.grads).map((grad) => magnitude(grad.dataSync())));
      for (const [name, grad] of Object.entries(plain.grads)) {
        // The order of sums may differ; nothing else.
        expect(difference(again.grads[name].dataSync(), grad.dataSync()).gap / largest, name).toBeLessThan(1e-6);
      }
      tf.dispose([x, plain.value, again.value, ...Object.values(conditioning)] as never);
      for (const record of [given.dropout, params, plain.grads, again.grads]) disposeParams(record);
    });
  });
});

/** Sizes where activations outweigh weights. */
const measured: Readonly<Record<string, { readonly network: PlannedNetwork; readonly batch: number }>> = {
  'adm-unet': {
    network: admUnet({ shape: [16, 16, 1], modelChannels: 16, channelMultipliers: [1, 2], groupNormMinChannels: 4 }),
    batch: 4,
  },
  'dhariwal-unet': {
    network: dhariwalUnet({ shape: [16, 16, 1], modelChannels: 16, channelMultipliers: [1, 2], numHeadChannels: 16 }),
    batch: 4,
  },
  'edm2-unet': {
    network: edm2Unet({ shape: [16, 16, 1], modelChannels: 16, channelMultipliers: [1, 2], numHeadChannels: 16 }),
    batch: 4,
  },
  mlp: { network: mlp({ shape: [2], numBlocks: 8 }), batch: 1024 },
};

describeOnWasm('recompute', () => {
  it.each(Object.keys(measured))('keeps far fewer activations of %s for the backward pass', (key) => {
    const { network, batch } = measured[key];
    const kept = (recompute: boolean): number => {
      const params = network.init(rng);
      const x = normalTensor('x', [batch, ...network.shape]);
      const cNoise = tf.tensor1d(normalTensor('t', [batch]).dataSync());
      let bytes = 0;
      const { value, grads } = valueAndGrads((weights) => {
        const before = tf.memory().numBytes;
        const loss = tf.sum<Scalar>(tf.square(network.apply(weights, x, { cNoise }, { recompute })));
        bytes = tf.memory().numBytes - before;
        return loss;
      }, params);
      tf.dispose([value, x, cNoise]);
      disposeParams(params);
      disposeParams(grads);
      return bytes;
    };
    expect(kept(true) / kept(false)).toBeLessThan(0.5);
  });
});
