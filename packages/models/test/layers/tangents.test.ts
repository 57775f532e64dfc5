import { tf, type Params, type Tensor } from '@onestep/tensor';
import { describe } from 'vitest';
import { residualBlock } from '../../src/adm/residual-block';
import { admUnet, dhariwalUnet, edm2Unet, planAdmUnet, planDhariwalUnet, planEdm2Unet } from '../../src';
import { admLayers } from '../../src/adm/plan';
import { dhariwalBlock } from '../../src/dhariwal/block';
import { dhariwalBlocks } from '../../src/dhariwal/plan';
import { edm2Block } from '../../src/edm2/block';
import { edm2Blocks } from '../../src/edm2/plan';
import { attention, attentionParams } from '../../src/layers/attention';
import { conv, convParams } from '../../src/layers/conv';
import { edmAttention, edmAttentionParams } from '../../src/layers/edm-attention';
import { groupNorm, groupNormParams } from '../../src/layers/group-norm';
import { mpConcat, mpSilu, mpSum } from '../../src/layers/magnitude-preserving';
import { mpAttention, mpAttentionParams } from '../../src/layers/mp-attention';
import { mpConv, mpWeightParam } from '../../src/layers/mp-weights';
import { noiseEmbedding, noiseEmbeddingParams } from '../../src/layers/noise-embedding';
import { fromPatches, toPatches } from '../../src/layers/patches';
import { averagePool, upsampleNearest } from '../../src/layers/resample';
import { silu } from '../../src/layers/silu';
import { unitMagnitude } from '../../src/layers/unit-magnitude';
import { normalTensor } from '../support/central-difference';
import { expectJvp } from '../support/expect-jvp';
import { describeOnBackends, describeOnWasm, itKeepsNoTensors } from '../support/on-backends';
import { smallInputs, smallNetwork, smallNetworkNames } from '../support/small-networks';

interface Shaped {
  readonly name: string;
  readonly shape: readonly number[];
}

const drawn = (specs: readonly Shaped[], scale = 0.5): Params =>
  Object.fromEntries(specs.map(({ name, shape }) => [name, normalTensor(name, shape, scale)]));
const image = (channels = 8): Tensor => normalTensor('x', [2, 4, 4, channels]);
const weightsOf = (specs: readonly Shaped[], prefix: string): Params =>
  drawn(
    specs.filter(({ name }) => name.startsWith(`${prefix}.`)),
    0.3,
  );
const normal = { weight: { kind: 'normal' }, bias: { kind: 'normal' } } as const;
const shape = { inChannels: 8, outChannels: 6, positions: 16, kernelSize: 3 };

/** Layers by name: a function of tensors and where it is differentiated. */
const layers: Readonly<Record<string, () => readonly [(inputs: readonly Tensor[]) => Tensor, readonly Tensor[]]>> = {
  silu: () => [([x]) => silu(x), [image()]],
  'convolution of stride 1': () => {
    const params = drawn(convParams('c', shape));
    return [([x]) => conv(params, 'c', x), [image()]];
  },
  'convolution of stride 2': () => {
    const params = drawn(convParams('c', shape));
    return [([x]) => conv(params, 'c', x, 2), [image()]];
  },
  'average pooling': () => [([x]) => averagePool(x), [image()]],
  'nearest upsampling': () => [([x]) => upsampleNearest(x), [image()]],
  patches: () => [([x]) => fromPatches(tf.square(toPatches(x, 2)), 2), [image()]],
  'group norm': () => {
    const params = drawn(groupNormParams('n', 8));
    return [([x]) => groupNorm(params, 'n', x, { groups: 2 }), [image()]];
  },
  'group norm with offset and modulation': () => {
    const params = drawn(groupNormParams('n', 8));
    const rows = ['offset', 'scale', 'shift'].map((name) => normalTensor(name, [2, 8]));
    return [
      ([x, offset, scale, shift]) => groupNorm(params, 'n', x, { groups: 2, offset, adaptive: { scale, shift } }),
      [image(), ...rows],
    ];
  },
  attention: () => {
    const params = drawn(attentionParams('a', { channels: 8, positions: 16, zero: false }));
    return [([x]) => attention(params, 'a', x, { heads: 2, groups: 2 }), [image()]];
  },
  'EDM attention': () => {
    const params = drawn(edmAttentionParams('a', { channels: 8, positions: 16, qkv: normal, proj: normal }));
    return [([x]) => edmAttention(params, 'a', x, { heads: 2, groups: 2 }), [image()]];
  },
  'unit magnitude': () => [([x]) => unitMagnitude(x, 3), [image()]],
  'magnitude-preserving activation, sum and join': () => [
    ([x, y]) => mpConcat(mpSum(x, mpSilu(y), 0.3), y, 0.4),
    [image(), normalTensor('y', [2, 4, 4, 8])],
  ],
  'convolution with normalised weights': () => {
    const params = drawn([mpWeightParam('c', { ...shape, layout: 'conv' })]);
    return [([x]) => mpConv(params, 'c', x, 2), [image()]];
  },
  'attention with q, k and v of unit magnitude': () => {
    const params = drawn(mpAttentionParams('a', { channels: 8, positions: 16 }));
    return [([x]) => mpAttention(params, 'a', x, { heads: 2, balance: 0.3 }), [image()]];
  },
  'noise embedding': () => {
    const params = drawn(noiseEmbeddingParams({ sinusoids: 8, width: 8, numClasses: 2, secondTime: true }));
    return [
      ([t, s, labels]) => {
        const given = { cNoise: t, cNoise2: s, labels } as unknown as Parameters<typeof noiseEmbedding>[1];
        const { first, second } = noiseEmbedding(params, given, { sinusoids: 8, scale: 2 });
        return tf.concat(second === undefined ? [first] : [first, second], 1);
      },
      [normalTensor('t', [2]), normalTensor('s', [2]), normalTensor('labels', [2, 2])],
    ];
  },
};

describeOnBackends('the tangent of a layer', () => {
  for (const [name, make] of Object.entries(layers)) {
    itKeepsNoTensors(`is that of central differences: ${name}`, () => {
      tf.tidy(() => {
        expectJvp(...make());
      });
    });
  }
});

const unet = {
  shape: [8, 8, 2],
  modelChannels: 8,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionResolutions: [2],
  numHeadChannels: 8,
  groupNormMinChannels: 4,
  init: 'nonzero',
} as const;
const times = (width: number): Tensor[] => ['first', 'second'].map((name) => normalTensor(name, [2, width]));

/** The block's input: the grid before it changes. */
function inputOf(block: { height: number; width: number; inChannels: number; resample: string }): Tensor {
  const factor = { up: 0.5, down: 2 }[block.resample] ?? 1;
  return normalTensor('x', [2, block.height * factor, block.width * factor, block.inChannels]);
}

describeOnWasm('the tangent of a residual block', () => {
  describe.each([true, false])('of the ADM U-Net, scaleShiftNorm = %s', (scaleShiftNorm) => {
    const network = admUnet({ ...unet, resblockUpDown: true, scaleShiftNorm, secondTime: true });
    const plan = planAdmUnet(network.config);
    for (const layer of admLayers(plan)) {
      if (layer.kind !== 'residual') continue;
      itKeepsNoTensors(`is that of central differences: ${layer.name}, grid ${layer.resample}`, () => {
        tf.tidy(() => {
          const params = weightsOf(network.paramSpecs, layer.name);
          expectJvp(
            ([x, first, second]) =>
              residualBlock(params, layer, x, {
                config: network.config,
                embedding: { first, second },
                masks: undefined,
              }),
            [inputOf(layer), ...times(plan.embeddingChannels)],
          );
        });
      });
    }
  });

  describe.each([true, false])('of the DhariwalUNet, doubleNorm = %s', (doubleNorm) => {
    const network = dhariwalUnet({ ...unet, doubleNorm, secondTime: true });
    const plan = planDhariwalUnet(network.config);
    for (const block of dhariwalBlocks(plan)) {
      const title = `${block.name}, grid ${block.resample}, ${block.heads} heads`;
      itKeepsNoTensors(`is that of central differences: ${title}`, () => {
        tf.tidy(() => {
          const params = weightsOf(network.paramSpecs, block.name);
          expectJvp(
            ([x, first, second]) =>
              dhariwalBlock(params, block, x, {
                config: network.config,
                embedding: { first, second },
                masks: undefined,
              }),
            [inputOf(block), ...times(plan.embeddingChannels)],
          );
        });
      });
    }
  });
});

describeOnWasm('the tangent of a block of the EDM2 network', () => {
  const network = edm2Unet({
    ...{ shape: [8, 8, 2], modelChannels: 8, channelMultipliers: [1, 2], numResBlocks: 1 },
    ...{ attentionResolutions: [2], numHeadChannels: 8, secondTime: true },
  });
  const plan = planEdm2Unet(network.config);
  for (const block of edm2Blocks(plan)) {
    const title = `${block.name}, grid ${block.resample}, ${block.heads} heads`;
    itKeepsNoTensors(`is that of central differences: ${title}`, () => {
      tf.tidy(() => {
        const params = weightsOf(network.paramSpecs, block.name);
        expectJvp(
          ([x, first, second]) =>
            edm2Block(params, block, x, {
              config: network.config,
              embedding: { first, second },
              masks: undefined,
            }),
          [inputOf(block), ...times(plan.embeddingChannels)],
        );
      });
    });
  }
});

describeOnWasm('the tangent of a network', () => {
  for (const key of smallNetworkNames) {
    itKeepsNoTensors(`is that of central differences: ${key}`, () => {
      tf.tidy(() => {
        const network = smallNetwork(key, { secondTime: true });
        const params = weightsOf(
          network.paramSpecs.map((spec) => ({ ...spec, name: `all.${spec.name}` })),
          'all',
        );
        const own = Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name.slice(4), tensor]));
        const { x, conditioning } = smallInputs(network);
        const { cNoise, cNoise2 = cNoise, ...rest } = conditioning;
        expectJvp(
          ([y, t, s]) => network.apply(own, y, { ...rest, cNoise: t as never, cNoise2: s as never }),
          [x, cNoise, cNoise2],
        );
      });
    });
  }
});
