import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { resolveSongUnetConfig } from '../../src/song/config';

const good = { shape: [28, 28, 1], channelMultipliers: [1, 2, 2] };
const problemsOf = (config: unknown): unknown => {
  try {
    resolveSongUnetConfig(config);
  } catch (error) {
    if (error instanceof OnestepError && error.code === 'invalid-model') return error.details.problems;
    throw error;
  }
  return [];
};

describe('resolveSongUnetConfig', () => {
  it('fills in the defaults of DDPM++ and accepts its own result', () => {
    const config = resolveSongUnetConfig(good);
    expect(config).toMatchObject({
      outChannels: 1,
      modelChannels: 128,
      numResBlocks: 4,
      embedding: 'positional',
      encoder: 'standard',
      resampleFilter: [1, 1],
      secondTime: false,
    });
    expect(resolveSongUnetConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it('reports every problem at once, with the nearest key for an unknown one', () => {
    expect(problemsOf({ ...good, resamplefilter: [1, 1], encoder: 'residuals', resampleFilter: [1, 2, 1] })).toEqual([
      'unknown key "resamplefilter". Did you mean "resampleFilter"?',
      'encoder must be one of standard, skip, residual, got "residuals".',
      'resampleFilter must be a list of 2, 4, 6 or 8 numbers with a sum that is not 0, such as [1,1] or [1,3,3,1], got [1,2,1].',
    ]);
  });

  it('refuses sides that cannot be halved, levels that do not exist and embeddings too narrow', () => {
    expect(problemsOf({ ...good, shape: [28, 30, 1], modelChannels: 2, attentionResolutions: [8] })).toEqual([
      'shape: W = 30 must be divisible by 4 (2^(levels - 1)).',
      'modelChannels x noiseMultiplier must be even and at least 4, got 2.',
      'attentionResolutions: 8 is no downsampling factor of this network (1, 2, 4).',
    ]);
  });

  it('refuses frequencies that do not fit, and double norm where there is nothing to normalise', () => {
    expect(problemsOf({ ...good, modelChannels: 8, fourierFrequencies: [1, 2, 3, 4] })).toEqual([
      'fourierFrequencies must be empty or, with embedding "fourier", 4 numbers, got 4.',
    ]);
    expect(problemsOf({ ...good, modelChannels: 8, embedding: 'fourier', fourierFrequencies: [1, 2, 3] })).toEqual([
      'fourierFrequencies must be empty or, with embedding "fourier", 4 numbers, got 3.',
    ]);
    expect(problemsOf({ ...good, fourierFrequencies: [NaN] })).toEqual([
      'fourierFrequencies must be a list of numbers, got [null].',
    ]);
    expect(problemsOf({ ...good, doubleNorm: true })).toEqual([
      'doubleNorm normalises scale and shift of the embedding: set adaptiveScale too.',
    ]);
  });

  it.each([undefined, null, 7, [], 'ddpmpp'])('refuses %s as a config', (config) => {
    expect(() => resolveSongUnetConfig(config)).toThrow('the config must be an object');
  });
});
