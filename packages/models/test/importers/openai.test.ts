import { OnestepError, type HostTensor } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admUnet, exportOpenAiUnet, fromOpenAiConfig, importOpenAiUnet } from '../../src';

const config = fromOpenAiConfig({
  image_size: 4,
  in_channels: 1,
  model_channels: 4,
  out_channels: 2,
  num_res_blocks: 1,
  attention_resolutions: [1],
  channel_mult: [1],
});
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const params = (): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(admUnet(config).paramShapes).map(([name, shape]) => {
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + name.length);
      return [name, { dtype: 'float32', shape, data }];
    }),
  );
const file = (): Record<string, HostTensor> => ({ ...exportOpenAiUnet(params(), config) });
const failure = (tensors: Record<string, HostTensor>): OnestepError => {
  try {
    importOpenAiUnet(tensors, config);
  } catch (error) {
    if (error instanceof OnestepError) return error;
    throw error;
  }
  throw new Error('it loaded');
};

describe('importOpenAiUnet', () => {
  it('is undone by the export and undoes it', () => {
    expect(importOpenAiUnet(file(), config)).toEqual(params());
  });

  it('moves OIHW to HWIO and [out, in] to [in, out]', () => {
    const weight = file()['out.2.weight'];
    expect(weight.shape).toEqual([2, 4, 3, 3]);
    const moved = importOpenAiUnet(file(), config)['out.2.weight'];
    expect(moved.shape).toEqual([3, 3, 4, 2]);
    // file [o, i, h, w] = here [h, w, i, o] at o = 1, i = 2, h = 0, w = 1
    expect(moved.data[((0 * 3 + 1) * 4 + 2) * 2 + 1]).toBe(weight.data[((1 * 4 + 2) * 3 + 0) * 3 + 1]);
  });

  it.each([[[12, 4]], [[12, 4, 1]], [[12, 4, 1, 1]]])('takes attention weights of shape %j', (shape) => {
    const tensors = file();
    const name = 'middle_block.1.qkv.weight';
    expect(importOpenAiUnet({ ...tensors, [name]: { ...tensors[name], shape } }, config)).toEqual(params());
  });

  it('reports any missing tensor, and nothing else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(params())), (name) => {
        const { [name]: removed, ...rest } = file();
        expect(removed).toBeDefined();
        expect(failure(rest)).toMatchObject({
          code: 'invalid-model',
          details: { missing: [name], unexpected: [], misshapen: [] },
        });
      }),
      { numRuns: 20 },
    );
  });

  it('reports unexpected names with the nearest missing one, and wrong shapes with both shapes', () => {
    const { 'out.0.weight': gain, ...rest } = file();
    const tensors = { ...rest, 'out.O.weight': gain, 'out.2.bias': { ...gain, shape: [4] } };
    const { message, details } = failure(tensors);
    expect(details).toMatchObject({ missing: ['out.0.weight'], unexpected: ['out.O.weight'] });
    expect(message).toContain('"out.2.bias" has shape [4], the network needs [2]');
    expect(message).toContain('"out.O.weight" (Did you mean "out.0.weight"?)');
  });

  it('does not find parameters on the prototype of a record', () => {
    const tensors = Object.create(file()) as Record<string, HostTensor>;
    expect(failure(tensors).details.missing).toHaveLength(Object.keys(params()).length);
  });
});

describe('exportOpenAiUnet', () => {
  it('refuses parameters of another network', () => {
    const { 'out.2.bias': bias, ...rest } = params();
    expect(() => exportOpenAiUnet(rest, config)).toThrow('"out.2.bias" is missing');
    expect(() => exportOpenAiUnet({ ...rest, 'out.2.bias': { ...bias, shape: [1, 2] } }, config)).toThrow(
      '"out.2.bias" has shape [1, 2], the network has [2]',
    );
  });
});

describe('fromOpenAiConfig', () => {
  it('has the defaults of the reference', () => {
    expect(config).toMatchObject({ scaleShiftNorm: false, convResample: true, numHeads: 1, numClasses: 0, dropout: 0 });
  });

  it('names the nearest key for an unknown one', () => {
    expect(() => fromOpenAiConfig({ imagesize: 4 })).toThrow('unknown key "imagesize". Did you mean "image_size"?');
  });
});
