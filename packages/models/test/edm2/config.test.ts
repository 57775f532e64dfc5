import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { edm2Unet, fromEdm2Config, networkPreset, planEdm2Unet } from '../../src';
import { resolveEdm2UnetConfig } from '../../src/edm2/config';
import { edm2Blocks } from '../../src/edm2/plan';

const problemsOf = (config: unknown): unknown => {
  try {
    resolveEdm2UnetConfig(config);
  } catch (error) {
    if (error instanceof OnestepError && error.code === 'invalid-model') return error.details.problems;
    throw error;
  }
  return [];
};
const countOf = (shapes: Readonly<Record<string, readonly number[]>>): number =>
  Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe('the ImageNet-64 networks', () => {
  // Counted in the reference's own `UNet(64, 3, 1000, model_channels=...)`.
  it.each([
    ['edm2-imagenet64-s', 192, 0, 280_209_253],
    ['edm2-imagenet64-m', 256, 0.1, 497_803_045],
    ['edm2-imagenet64-l', 320, 0.1, 777_492_197],
    ['edm2-imagenet64-xl', 384, 0.1, 1_119_276_709],
  ] as const)('%s is what the reference builds, parameter by parameter', (preset, channels, dropout, count) => {
    const network = networkPreset(preset);
    expect(countOf(network.paramShapes)).toBe(count);
    const given = { img_resolution: 64, img_channels: 3, label_dim: 1000, model_channels: channels, dropout };
    expect(fromEdm2Config(given)).toEqual(network.config);
  });

  it('have attention in 15 blocks, and dropout in all 36 or on the grids that are asked for', () => {
    const network = networkPreset('edm2-imagenet64-m');
    const blocks = edm2Blocks(planEdm2Unet(network.config as Parameters<typeof planEdm2Unet>[0]));
    expect(blocks.filter(({ heads }) => heads > 0).length).toBe(15);
    expect(Object.keys(network.dropoutSites(1)).length).toBe(blocks.length);
    const small = networkPreset('edm2-imagenet64-m', { dropoutResolutions: [4, 8] }).dropoutSites(2);
    expect(new Set(Object.values(small).map(([, height]) => height))).toEqual(new Set([16, 8]));
    expect(Object.keys(small)).toContain('enc.16x16_down.dropout');
    expect(Object.keys(small).length).toBe(19);
    expect(small['dec.8x8_in0.dropout']).toEqual([2, 8, 8, 1024]);
  });
});

describe('resolveEdm2UnetConfig', () => {
  it('has the defaults of the reference', () => {
    expect(resolveEdm2UnetConfig({ shape: [64, 64, 3] })).toEqual({
      shape: [64, 64, 3],
      outChannels: 3,
      modelChannels: 192,
      channelMultipliers: [1, 2, 3, 4],
      embeddingMultiplier: 4,
      noiseMultiplier: 1,
      numResBlocks: 3,
      attentionResolutions: [4, 8],
      numHeadChannels: 64,
      dropout: 0,
      dropoutResolutions: [1, 2, 4, 8],
      numClasses: 0,
      labelBalance: 0.5,
      concatBalance: 0.5,
      residualBalance: 0.3,
      attentionBalance: 0.3,
      activationLimit: 256,
      secondTime: false,
      embeddingScale: 1,
      fourierScale: 1,
      fourierFrequencies: [],
      fourierPhases: [],
      init: 'reference',
    });
  });

  it('takes widths of the embedding, attention and dropout from the levels', () => {
    const config = resolveEdm2UnetConfig({ shape: [16, 16, 3], channelMultipliers: [2, 5, 3] });
    expect(config).toMatchObject({ noiseMultiplier: 2, embeddingMultiplier: 5 });
    expect(config).toMatchObject({ attentionResolutions: [4], dropoutResolutions: [1, 2, 4] });
  });

  it('accepts its own result', () => {
    const config = resolveEdm2UnetConfig({ shape: [32, 16, 3] });
    expect(resolveEdm2UnetConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it('reports every problem at once', () => {
    expect(
      problemsOf({ shape: [8, 8, 3], droput: 1, labelBalance: 1, fourierScale: 0, channelMultipliers: ['a'] }),
    ).toEqual([
      'unknown key "droput". Did you mean "dropout"?',
      'channelMultipliers must be a list of 1 to 8 integers >= 1, got ["a"].',
      'labelBalance must be a number in [0, 1), got 1.',
      'fourierScale must be a number > 0, got 0.',
    ]);
    expect(
      problemsOf({
        shape: [12, 8, 3],
        modelChannels: 8191,
        noiseMultiplier: 65,
        attentionResolutions: [16],
        dropoutResolutions: [3],
        fourierFrequencies: [1, 2],
      }),
    ).toEqual([
      'shape: H = 12 must be divisible by 8, that is 2^(levels - 1).',
      'modelChannels must be at most 4096, got 8191.',
      'noiseMultiplier must be at most 64, got 65.',
      'attentionResolutions: 16 is no downsampling factor of this network (1, 2, 4, 8).',
      'dropoutResolutions: 3 is no downsampling factor of this network (1, 2, 4, 8).',
      'fourierFrequencies and fourierPhases must both be empty or both 532415 numbers, got 2 and 0.',
    ]);
    expect(problemsOf('64')).toBeUndefined();
  });

  it('refuses heads that do not divide the channels', () => {
    expect(() => edm2Unet({ shape: [8, 8, 1], modelChannels: 50, numHeadChannels: 64 })).toThrow(
      'edm2Unet: "enc.1x1_block0": 200 channels cannot be split into 3 heads.',
    );
  });
});

describe('fromEdm2Config', () => {
  const least = { img_resolution: 32, img_channels: 3, label_dim: 0 };

  it('passes over attention at sides that no level has, and limits dropout to small grids', () => {
    const config = fromEdm2Config({ ...least, attn_resolutions: [16, 7], dropout: 0.4, dropout_res: 8 });
    expect(config).toMatchObject({ attentionResolutions: [2], dropout: 0.4, dropoutResolutions: [4, 8] });
  });

  it('reads None as the reference does', () => {
    const none = { channel_mult_noise: null, channel_mult_emb: null, dropout_res: null, clip_act: null };
    expect(fromEdm2Config({ ...least, ...none })).toEqual({ ...fromEdm2Config(least), activationLimit: 0 });
    expect(() => fromEdm2Config({ ...least, num_blocks: null })).toThrow(
      'num_blocks must be an integer >= 1, got null',
    );
  });

  it('accepts what belongs to the preconditioning and the loss', () => {
    const more = { use_fp16: true, sigma_data: 0.5, logvar_channels: 128, resample_filter: [1, 1] };
    expect(fromEdm2Config({ ...least, ...more })).toEqual(fromEdm2Config(least));
  });

  it('takes the features of the file, with and without the prefix of the wrapper', () => {
    const cfg = { ...least, model_channels: 2, channels_per_head: 1 };
    for (const prefix of ['', 'unet.']) {
      const vector = (...values: number[]) =>
        ({ dtype: 'float32', shape: [2], data: Float32Array.from(values) }) as const;
      const file = { [`${prefix}emb_fourier.freqs`]: vector(0.25, -3), [`${prefix}emb_fourier.phases`]: vector(1, 2) };
      expect(fromEdm2Config(cfg, file)).toMatchObject({ fourierFrequencies: [0.25, -3], fourierPhases: [1, 2] });
    }
  });

  it('needs the number of classes, refuses other filters and unknown keys', () => {
    expect(() => fromEdm2Config({ img_resolution: 32, img_channels: 3 })).toThrow('label_dim is missing');
    expect(() => fromEdm2Config({ ...least, resample_filter: [1, 3, 3, 1] })).toThrow('resample_filter must be [1, 1]');
    expect(() => fromEdm2Config({ ...least, chanel_mult: [1] })).toThrow('Did you mean "channel_mult"?');
  });
});
