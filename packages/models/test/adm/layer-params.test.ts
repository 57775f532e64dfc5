import { disposeParams, randomStream, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { admUnet, estimateFlops, type PlannedNetwork } from '../../src';

const imagenet64 = admUnet({
  shape: [64, 64, 3],
  modelChannels: 192,
  channelMultipliers: [1, 2, 3, 4],
  numResBlocks: 3,
  attentionResolutions: [2, 4, 8],
  numHeadChannels: 64,
  resblockUpDown: true,
  numClasses: 1000,
});
const lsun256 = admUnet({
  shape: [256, 256, 3],
  modelChannels: 256,
  channelMultipliers: [1, 1, 2, 2, 4, 4],
  attentionResolutions: [8, 16, 32],
  numHeadChannels: 64,
  scaleShiftNorm: false,
  resblockUpDown: true,
});
const countOf = ({ paramShapes }: PlannedNetwork): number =>
  Object.values(paramShapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe('parameters of the ADM U-Net', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each([
    ['ImageNet 64', imagenet64, 295_899_267],
    ['LSUN 256', lsun256, 526_304_771],
  ])('are as many as the published ones for %s', (_, network, count) => {
    expect(countOf(network)).toBe(count);
  });

  it('are listed in canonical order, each name once', () => {
    const names = Object.keys(imagenet64.paramShapes);
    expect(names).toEqual([...names].sort());
    expect(new Set(imagenet64.paramSpecs.map(({ name }) => name)).size).toBe(imagenet64.paramSpecs.length);
  });

  it('start as announced: shapes, bounds, zeros and ones, each from the stream of its name', () => {
    const network = admUnet({ shape: [8, 8, 1], modelChannels: 8, channelMultipliers: [1, 2], numClasses: 4 });
    const opened: string[] = [];
    const params = network.init((name) => {
      opened.push(name);
      return randomStream(3, name);
    });
    for (const { name, shape, init } of network.paramSpecs) {
      const values = Float32Array.from(params[name].dataSync());
      expect(params[name].shape, name).toEqual(shape);
      if (init.kind === 'constant') expect(values.every((value) => value === init.value)).toBe(true);
      if (init.kind === 'uniform') {
        const largest = values.reduce((a, value) => Math.max(a, Math.abs(value)), 0);
        expect(largest, name).toBeLessThanOrEqual(init.bound);
        if (values.length > 100) expect(largest, name).toBeGreaterThan(0.9 * init.bound);
      }
    }
    expect(new Set(opened).size).toBe(opened.length);
    for (const zero of ['out.2', 'middle_block.1.proj_out', 'output_blocks.0.0.out_layers.3']) {
      expect(
        params[`${zero}.weight`].dataSync().every((value) => value === 0),
        zero,
      ).toBe(true);
    }
    disposeParams(params);
  });

  it('cost two operations per multiply-add of convolutions, linear layers and attention', () => {
    const network = admUnet({ shape: [4, 4, 1], modelChannels: 4, channelMultipliers: [1], numResBlocks: 1 });
    const conv = (i: number, o: number): number => 16 * 9 * i * o;
    const block = (i: number): number => conv(i, 4) + conv(4, 4) + 16 * 8 + (i === 4 ? 0 : 16 * i * 4);
    const attention = 16 * (4 * 12 + 4 * 4) + 2 * 4 * 16 * 16;
    const embedding = 4 * 16 + 16 * 16;
    const expected = embedding + conv(1, 4) + 3 * block(4) + attention + 2 * block(8) + conv(4, 1);
    expect(estimateFlops(network)).toBe(2 * expected);
    expect(estimateFlops(network, 10)).toBe(20 * expected);
  });
});
