import { OnestepError, type HostTensor } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportEdmUnet, fromEdmSongConfig, importEdmUnet, songUnet } from '../../src';

const config = fromEdmSongConfig({
  img_resolution: 4,
  img_channels: 1,
  model_channels: 4,
  channel_mult: [1, 2],
  num_blocks: 1,
  attn_resolutions: [2],
  embedding_type: 'fourier',
  resample_filter: [1, 3, 3, 1],
});
const network = songUnet(config);
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const params = (): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(network.paramShapes).map(([name, shape]) => {
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + name.length);
      return [name, { dtype: 'float32', shape, data }];
    }),
  );
const file = (): Record<string, HostTensor> => ({ ...exportEdmUnet(params(), network) });
const failure = (tensors: Record<string, HostTensor>): OnestepError => {
  try {
    importEdmUnet(tensors, network);
  } catch (error) {
    if (error instanceof OnestepError) return error;
    throw error;
  }
  throw new Error('it loaded');
};

describe('importEdmUnet', () => {
  it('is undone by the export and undoes it, also inside the wrapper', () => {
    expect(importEdmUnet(file(), network)).toEqual(params());
    const wrapped = Object.fromEntries(Object.entries(file()).map(([name, tensor]) => [`model.${name}`, tensor]));
    expect(importEdmUnet(wrapped, network)).toEqual(params());
  });

  it('moves OIHW to HWIO and keeps the fixed tensors out of the parameters', () => {
    const stored = file();
    expect(stored['enc.4x4_conv.weight'].shape).toEqual([4, 1, 3, 3]);
    expect(stored['enc.2x2_down.conv0.resample_filter'].shape).toEqual([1, 1, 4, 4]);
    expect(stored['map_noise.freqs'].shape).toEqual([2]);
    const imported = importEdmUnet(stored, network);
    expect(imported['enc.4x4_conv.weight'].shape).toEqual([3, 3, 1, 4]);
    expect(Object.keys(imported).filter((name) => /filter|freqs/.test(name))).toEqual([]);
  });

  it('reports any missing parameter, and nothing else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(params())), (name) => {
        const { [name]: removed, ...rest } = file();
        expect(removed).toBeDefined();
        expect(failure(rest).details).toMatchObject({ missing: [name], unexpected: [], misshapen: [] });
      }),
      { numRuns: 20 },
    );
  });

  it('reports unexpected names and wrong shapes', () => {
    const { 'enc.4x4_conv.bias': bias, ...rest } = file();
    const { details, message } = failure({ ...rest, 'enc.4x4_conv.bais': bias });
    expect(details).toMatchObject({ missing: ['enc.4x4_conv.bias'], unexpected: ['enc.4x4_conv.bais'] });
    expect(message).toContain('Did you mean "enc.4x4_conv.bias"?');
    expect(failure({ ...rest, 'enc.4x4_conv.bias': { ...bias, shape: [2, 2] } }).message).toContain(
      '"enc.4x4_conv.bias" has shape [2, 2], the network needs [4]',
    );
  });

  it('does without the filters of a file, but not without its frequencies', () => {
    const plain = Object.fromEntries(Object.entries(file()).filter(([name]) => !name.endsWith('resample_filter')));
    expect(importEdmUnet(plain, network)).toEqual(params());
    const { 'map_noise.freqs': frequencies, ...rest } = file();
    expect(failure(rest).message).toContain('the file lacks "map_noise.freqs"');
    const others = { ...rest, 'map_noise.freqs': { ...frequencies, data: Float32Array.of(1, 2) } };
    expect(failure(others).message).toContain('Pass the file to fromEdmSongConfig');
  });

  it('refuses a file made with another filter', () => {
    const box = songUnet({ ...config, resampleFilter: [1, 1] });
    expect(() => importEdmUnet(file(), box)).toThrow('Set resampleFilter to the one of the file.');
  });
});

describe('exportEdmUnet', () => {
  it('refuses parameters of another network', () => {
    const { 'map_layer0.bias': removed, ...rest } = params();
    expect(removed).toBeDefined();
    expect(() => exportEdmUnet(rest, network)).toThrow('exportEdmUnet: "map_layer0.bias" is missing');
  });
});

describe('fromEdmSongConfig', () => {
  it('has the defaults of the reference', () => {
    expect(fromEdmSongConfig({ img_resolution: 32, img_channels: 3 })).toMatchObject({
      shape: [32, 32, 3],
      outChannels: 3,
      modelChannels: 128,
      channelMultipliers: [1, 2, 2, 2],
      attentionResolutions: [2],
      dropout: 0.1,
    });
  });

  it('takes the frequencies of the file, with and without the prefix of the wrapper', () => {
    const cfg = { img_resolution: 4, img_channels: 1, model_channels: 4, channel_mult: [1], embedding_type: 'fourier' };
    const data = Float32Array.of(0.25, -3);
    for (const name of ['map_noise.freqs', 'model.map_noise.freqs']) {
      const { fourierFrequencies } = fromEdmSongConfig(cfg, { [name]: { dtype: 'float32', shape: [2], data } });
      expect(fourierFrequencies).toEqual([0.25, -3]);
    }
    expect(fromEdmSongConfig(cfg).fourierFrequencies).toEqual([]);
  });

  it('refuses unknown keys and a missing number of channels', () => {
    expect(() => fromEdmSongConfig({ img_resolution: 4, img_channels: 1, channel_mul: [1] })).toThrow(
      'Did you mean "channel_mult"?',
    );
    expect(() => fromEdmSongConfig({ img_resolution: 4 })).toThrow('img_channels is missing');
  });
});
