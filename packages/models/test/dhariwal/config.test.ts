import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { dhariwalUnet, fromEdmDhariwalConfig, networkPreset, planDhariwalUnet } from '../../src';
import { resolveDhariwalUnetConfig } from '../../src/dhariwal/config';
import { dhariwalBlocks } from '../../src/dhariwal/plan';

const problemsOf = (config: unknown): unknown => {
  try {
    resolveDhariwalUnetConfig(config);
  } catch (error) {
    if (error instanceof OnestepError && error.code === 'invalid-model') return error.details.problems;
    throw error;
  }
  return [];
};
const countOf = (shapes: Readonly<Record<string, readonly number[]>>): number =>
  Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe('the ImageNet-64 network', () => {
  const network = networkPreset('adm-imagenet64');

  it('has the published number of parameters', () => {
    expect(countOf(network.paramShapes)).toBe(295_899_267);
  });

  it('is what the reference builds from its defaults', () => {
    const given = fromEdmDhariwalConfig({ img_resolution: 64, in_channels: 3, out_channels: 3, label_dim: 1000 });
    expect(given).toEqual(network.config);
    expect(dhariwalUnet({ shape: [64, 64, 3], dropout: 0.1, numClasses: 1000 }).config).toEqual(given);
  });

  it('has 22 attention layers and a dropout site in every block', () => {
    const blocks = dhariwalBlocks(planDhariwalUnet(resolveDhariwalUnetConfig(network.config)));
    expect(blocks.filter(({ heads }) => heads > 0).length).toBe(22);
    expect(Object.keys(network.dropoutSites(1)).length).toBe(blocks.length);
    expect(network.dropoutSites(2)['dec.8x8_in0.dropout']).toEqual([2, 8, 8, 768]);
  });
});

describe('resolveDhariwalUnetConfig', () => {
  it('puts attention at the published factors that the network has', () => {
    expect(resolveDhariwalUnetConfig({ shape: [64, 64, 3] }).attentionResolutions).toEqual([2, 4, 8]);
    const small = { shape: [16, 16, 3], channelMultipliers: [1, 2] };
    expect(resolveDhariwalUnetConfig(small).attentionResolutions).toEqual([2]);
    expect(resolveDhariwalUnetConfig({ ...small, attentionResolutions: [] }).attentionResolutions).toEqual([]);
  });

  it('accepts its own result', () => {
    const config = resolveDhariwalUnetConfig({ shape: [32, 16, 3] });
    expect(resolveDhariwalUnetConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it('reports every problem at once', () => {
    expect(problemsOf({ shape: [8, 8, 3], dublNorm: true, embeddingScale: 0, augmentChannels: -1 })).toEqual([
      'unknown key "dublNorm". Did you mean "doubleNorm"?',
      'augmentChannels must be an integer >= 0, got -1.',
      'embeddingScale must be a number > 0, got 0.',
    ]);
    expect(
      problemsOf({
        shape: [12, 8, 3],
        modelChannels: 8191,
        embeddingMultiplier: 1000,
        attentionResolutions: [3],
        groupNormMinChannels: 1,
      }),
    ).toEqual([
      'shape: H = 12 must be divisible by 8, that is 2^(levels - 1).',
      'modelChannels must be at most 4096, got 8191.',
      'modelChannels must be even, got 8191.',
      'embeddingMultiplier must be at most 64, got 1000.',
      'attentionResolutions: 3 is no downsampling factor of this network (1, 2, 4, 8).',
    ]);
    expect(problemsOf('64')).toBeUndefined();
  });

  it('refuses heads that do not divide the channels', () => {
    expect(() => dhariwalUnet({ shape: [8, 8, 1], modelChannels: 50, numHeadChannels: 64 })).toThrow(
      '"enc.1x1_block0": 200 channels cannot be split into 3 heads.',
    );
  });
});

describe('fromEdmDhariwalConfig', () => {
  it('passes over attention at sides that no level has', () => {
    const config = { img_resolution: 32, img_channels: 3, channel_mult: [1, 2], attn_resolutions: [16, 7] };
    expect(fromEdmDhariwalConfig(config).attentionResolutions).toEqual([2]);
  });

  it('needs channels and refuses unknown keys', () => {
    expect(() => fromEdmDhariwalConfig({ img_resolution: 32 })).toThrow('img_channels is missing');
    expect(() => fromEdmDhariwalConfig({ img_resolution: 32, img_chanels: 3 })).toThrow('Did you mean "img_channels"?');
  });
});
