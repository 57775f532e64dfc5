import { disposeParams, randomStream, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { estimateFlops, networkPreset, songUnet, type PlannedNetwork } from '../../src';
import { angularFrequencies, fourierFrequencies } from '../../src/song/embedding';
import { resolveSongUnetConfig } from '../../src/song/config';
import { small } from './variants';

const countOf = ({ paramShapes }: PlannedNetwork): number =>
  Object.values(paramShapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe('parameters of DDPM++ and NCSN++', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each([
    ['ddpmpp-cifar', 0, 55_733_891],
    ['ddpmpp-cifar', 10, 55_735_299],
    ['ncsnpp-cifar', 0, 56_397_827],
    ['ncsnpp-cifar', 10, 56_400_643],
  ] as const)('are as many as the published ones of %s with %i classes', (preset, numClasses, count) => {
    expect(countOf(networkPreset(preset, { numClasses }))).toBe(count);
  });

  it('are listed in canonical order, each name once, and among them the weight of the last layer', () => {
    for (const decoder of ['standard', 'skip'] as const) {
      const network = songUnet({ ...small, decoder, encoder: 'residual' });
      const names = Object.keys(network.paramShapes);
      expect(names).toEqual([...names].sort());
      expect(new Set(network.paramSpecs.map(({ name }) => name)).size).toBe(network.paramSpecs.length);
      expect(network.outputWeight).toBe('dec.4x4_aux_conv.weight');
      expect(network.paramShapes['dec.4x4_aux_conv.weight']).toEqual([3, 3, 8, 2]);
    }
  });

  it('start as announced: Glorot bounds, zero biases, last layers of blocks at 1e-5 of that', () => {
    const network = songUnet({ ...small, init: 'reference', secondTime: true });
    const params = network.init((name) => randomStream(3, name));
    const largest = (name: string): number =>
      Float32Array.from(params[name].dataSync()).reduce((a, value) => Math.max(a, Math.abs(value)), 0);
    const expectBound = (name: string, bound: number): void => {
      expect(largest(name), name).toBeLessThanOrEqual(bound);
      expect(largest(name), name).toBeGreaterThan(0.9 * bound);
    };
    const glorot = (fanIn: number, fanOut: number): number => Math.sqrt(6 / (fanIn + fanOut));
    expectBound('enc.4x4_block0.conv0.weight', glorot(72, 72));
    expectBound('enc.2x2_block0.affine.weight', glorot(32, 16));
    expectBound('enc.2x2_block0.affine_s.weight', glorot(32, 16));
    expectBound('enc.2x2_block0.conv1.weight', 1e-5 * glorot(144, 144));
    expectBound('enc.2x2_block0.qkv.weight', Math.sqrt(0.2) * glorot(16, 48));
    expectBound('enc.2x2_block0.proj.weight', 1e-5 * glorot(16, 16));
    expectBound('dec.4x4_aux_conv.weight', 1e-5 * glorot(72, 18));
    expectBound('map_layer1_s.weight', glorot(32, 32));
    for (const { name, shape, init } of network.paramSpecs) {
      expect(params[name].shape, name).toEqual(shape);
      if (init.kind === 'constant') {
        expect(Float32Array.from(params[name].dataSync()).every((value) => value === init.value)).toBe(true);
      }
      if (name.endsWith('.bias')) expect(init, name).toEqual({ kind: 'constant', value: 0 });
    }
    disposeParams(params);
  });

  it('cost two operations per multiply-add of convolutions, linear layers and attention', () => {
    const network = songUnet({ shape: [4, 4, 1], modelChannels: 4, channelMultipliers: [1], numResBlocks: 1 });
    const conv = (i: number, o: number): number => 16 * 9 * i * o;
    const block = (i: number): number => conv(i, 4) + conv(4, 4) + 16 * 4 + (i === 4 ? 0 : 16 * i * 4);
    const attention = 16 * (4 * 12 + 4 * 4) + 2 * 4 * 16 * 16;
    const embedding = 4 * 16 + 16 * 16;
    expect(estimateFlops(network)).toBe(
      2 * (embedding + conv(1, 4) + 3 * block(4) + attention + 2 * block(8) + conv(4, 1)),
    );
  });
});

describe('frequencies of the noise embedding', () => {
  it('run from 1 to 1e-4 exactly in the positional one', () => {
    const frequencies = angularFrequencies(resolveSongUnetConfig({ shape: [8, 8, 1], modelChannels: 8 }));
    expect(frequencies).toHaveLength(4);
    expect(frequencies[0]).toBe(1);
    expect(frequencies[3]).toBeCloseTo(1e-4, 10);
    expect(frequencies[1] / frequencies[0]).toBeCloseTo(frequencies[2] / frequencies[1], 6);
  });

  it('multiplies given frequencies by the float32 number 2 pi, as the reference does', () => {
    const turns = Array.from({ length: 32 }, (_, j) => Math.fround(16 * Math.sin(j + 1)));
    const config = { shape: [8, 8, 1], modelChannels: 64, embedding: 'fourier', fourierFrequencies: turns };
    const expected = turns.map((value) => Math.fround(6.2831854820251465 * value));
    expect([...angularFrequencies(resolveSongUnetConfig(config))]).toEqual(expected);
  });

  it('are equal for equal configs, grow with the scale, and are those of the config where it has some', () => {
    const of = (change: object): Float32Array | undefined =>
      fourierFrequencies(resolveSongUnetConfig({ shape: [8, 8, 1], embedding: 'fourier', ...change }));
    expect(of({})).toEqual(of({}));
    const [wide] = of({}) ?? [];
    const [narrow] = of({ fourierScale: 0.02 }) ?? [];
    expect(wide / narrow).toBeCloseTo(800, 2);
    expect(of({ modelChannels: 4, fourierFrequencies: [1.5, -2] })).toEqual(Float32Array.of(1.5, -2));
    expect(of({ embedding: 'positional' })).toBeUndefined();
  });
});
