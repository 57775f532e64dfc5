import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { admUnet, type AdmUnetOptions } from '../../src';
import { groupsOf, resolveAdmUnetConfig } from '../../src/adm/config';

const good: AdmUnetOptions = { shape: [28, 28, 1], modelChannels: 32, channelMultipliers: [1, 2] };
const problemsOf = (config: unknown): unknown => {
  try {
    resolveAdmUnetConfig(config);
  } catch (error) {
    if (error instanceof OnestepError && error.code === 'invalid-model') return error.details.problems;
    throw error;
  }
  return [];
};

describe('resolveAdmUnetConfig', () => {
  it('fills in the defaults and accepts its own result', () => {
    const config = resolveAdmUnetConfig(good);
    expect(config).toMatchObject({
      outChannels: 1,
      patchSize: 1,
      numResBlocks: 2,
      scaleShiftNorm: true,
      numClasses: 0,
    });
    expect(resolveAdmUnetConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it('reports every problem at once, with the nearest key for an unknown one', () => {
    expect(problemsOf({ ...good, chanelMultipliers: [1], numResBlocks: 0, patchSize: 3 })).toEqual([
      'unknown key "chanelMultipliers". Did you mean "channelMultipliers"?',
      'patchSize must be one of 1, 2, 4, got 3.',
      'numResBlocks must be an integer >= 1, got 0.',
    ]);
    expect(problemsOf({ shape: [28, 28, 1] })).toEqual([
      'modelChannels is missing; it must be an integer >= 2.',
      'channelMultipliers is missing; it must be a list of 1 to 8 numbers > 0.',
    ]);
  });

  it('refuses sides that cannot be halved, odd widths and levels that do not exist', () => {
    expect(
      problemsOf({ shape: [28, 30, 1], modelChannels: 33, channelMultipliers: [1, 1, 1], attentionResolutions: [8] }),
    ).toEqual([
      'shape: W = 30 must be divisible by 4 (patchSize x 2^(levels - 1)).',
      'modelChannels must be even, got 33.',
      'attentionResolutions: 8 is no downsampling factor of this network (1, 2, 4).',
    ]);
  });

  it('takes multipliers that give whole channels, and no others', () => {
    const fractional = { ...good, channelMultipliers: [0.5, 1, 1.25] };
    expect(problemsOf({ ...fractional, shape: [28, 28, 1] })).toEqual([]);
    expect(admUnet(fractional).paramShapes['input_blocks.0.0.weight']).toEqual([3, 3, 1, 16]);
    expect(problemsOf({ ...good, channelMultipliers: [1, 1.3] })).toEqual([
      'channelMultipliers: 1.3 x 32 modelChannels are no whole number of channels.',
    ]);
    expect(problemsOf({ ...good, channelMultipliers: [1, 1 / 3], modelChannels: 48 })).toEqual([]);
  });

  it.each([undefined, null, 7, [], 'adm'])('refuses %s as a config', (config) => {
    expect(() => resolveAdmUnetConfig(config)).toThrow('the config must be an object');
  });

  it('refuses heads that do not divide the channels, naming the layer', () => {
    expect(() => admUnet({ ...good, numHeads: 3 })).toThrow(
      '"middle_block.1": 64 channels cannot be split into 3 heads.',
    );
  });

  it.each([
    [32, 1, 32],
    [192, 1, 32],
    [32, 4, 8],
    [48, 4, 12],
    [144, 4, 24],
    [6, 4, 1],
  ])('splits %i channels with at least %i per group into %i groups', (channels, minimum, groups) => {
    expect(groupsOf(channels, resolveAdmUnetConfig({ ...good, groupNormMinChannels: minimum }))).toBe(groups);
  });
});
