import { OnestepError, type HostTensor } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edm2Unet, exportEdm2Unet, fromEdm2Config, importEdm2Unet } from '../../src';

const config = fromEdm2Config({
  img_resolution: 4,
  img_channels: 1,
  label_dim: 2,
  model_channels: 4,
  channel_mult: [1, 2],
  num_blocks: 1,
  attn_resolutions: [2],
  channels_per_head: 4,
});
const network = edm2Unet(config);
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const params = (): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(network.paramShapes).map(([name, shape]) => {
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + name.length);
      return [name, { dtype: 'float32', shape, data }];
    }),
  );
const file = (): Record<string, HostTensor> => ({ ...exportEdm2Unet(params(), network) });
const failure = (tensors: Record<string, HostTensor>): OnestepError => {
  try {
    importEdm2Unet(tensors, network);
  } catch (error) {
    if (error instanceof OnestepError) return error;
    throw error;
  }
  throw new Error('it loaded');
};
const vector = (...values: number[]): HostTensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});

describe('importEdm2Unet', () => {
  it('is undone by the export and undoes it, also inside the preconditioning with its uncertainty', () => {
    expect(importEdm2Unet(file(), network)).toEqual(params());
    const wrapped = Object.fromEntries(Object.entries(file()).map(([name, tensor]) => [`unet.${name}`, tensor]));
    const whole = {
      ...wrapped,
      'logvar_fourier.freqs': vector(1, 2),
      'logvar_fourier.phases': vector(3, 4),
      'logvar_linear.weight': { ...vector(1, 2), shape: [1, 2] },
    };
    expect(importEdm2Unet(whole, network)).toEqual(params());
  });

  it('moves OIHW to HWIO, keeps gains without an axis and the features out of the parameters', () => {
    const stored = file();
    expect(stored['enc.4x4_conv.weight'].shape).toEqual([4, 2, 3, 3]);
    expect(stored['dec.2x2_in0.attn_qkv.weight'].shape).toEqual([24, 8, 1, 1]);
    expect(stored['emb_label.weight'].shape).toEqual([8, 2]);
    expect(stored.out_gain.shape).toEqual([]);
    expect(stored['emb_fourier.phases'].shape).toEqual([4]);
    const imported = importEdm2Unet(stored, network);
    expect(imported['enc.4x4_conv.weight'].shape).toEqual([3, 3, 2, 4]);
    expect(imported.out_gain).toMatchObject({ shape: [], data: Float32Array.of('out_gain'.length) });
    expect(Object.keys(imported).filter((name) => name.includes('fourier'))).toEqual([]);
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
    const { 'enc.4x4_block0.emb_gain': gain, ...rest } = file();
    const { details, message } = failure({ ...rest, 'enc.4x4_block0.emb_gian': gain });
    expect(details).toMatchObject({ missing: ['enc.4x4_block0.emb_gain'], unexpected: ['enc.4x4_block0.emb_gian'] });
    expect(message).toContain('Did you mean "enc.4x4_block0.emb_gain"?');
    expect(failure({ ...rest, 'enc.4x4_block0.emb_gain': vector(1, 2) }).message).toContain(
      '"enc.4x4_block0.emb_gain" has shape [2], the network needs []',
    );
  });

  it('does not do without the features of a file, nor with those of another', () => {
    const { 'emb_fourier.phases': phases, ...rest } = file();
    expect(phases).toBeDefined();
    expect(failure(rest).message).toContain('the file lacks "emb_fourier.phases"');
    const others = { ...file(), 'emb_fourier.freqs': vector(1, 2, 3, 4) };
    expect(failure(others).message).toContain('Pass the file to fromEdm2Config');
    const { fourierFrequencies, fourierPhases, ...plain } = config;
    expect([fourierFrequencies, fourierPhases]).toEqual([[], []]);
    const own = edm2Unet({
      ...plain,
      fourierFrequencies: [1, 2, 3, 4],
      fourierPhases: Array.from(phases.data),
    });
    expect(importEdm2Unet(others, own)).toEqual(params());
  });
});

describe('exportEdm2Unet', () => {
  it('refuses parameters of another network', () => {
    const { out_gain: removed, ...rest } = params();
    expect(removed).toBeDefined();
    expect(() => exportEdm2Unet(rest, network)).toThrow('exportEdm2Unet: "out_gain" is missing');
  });
});
