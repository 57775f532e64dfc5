import { describe, expect, it } from 'vitest';
import { arrayDataset, describeDataset } from '../src/index';

describe('describeDataset', () => {
  it('counts classes and gives mean and deviation of a two-point distribution', async () => {
    const images = Uint8Array.of(0, 255, 255, 0, 0, 255);
    const dataset = arrayDataset({ id: 'x', images, shape: [1, 1, 2], labels: [1, 1, -1], numClasses: 3 });
    const description = await describeDataset(dataset);
    expect(description).toMatchObject({ id: 'x', length: 3, shape: [1, 1, 2], classCounts: [0, 2, 0], unlabelled: 1 });
    expect(description.mean).toBeCloseTo(0, 15);
    expect(description.std).toBeCloseTo(1, 15);
    expect(description.channelMeans[0]).toBeCloseTo(-1 / 3, 15);
    expect(description.channelMeans[1]).toBeCloseTo(1 / 3, 15);
    expect(description.channelStds[0]).toBeCloseTo(Math.sqrt(8 / 9), 15);
  });

  it('finds no deviation in constant images', async () => {
    const dataset = arrayDataset({ id: 'x', images: new Uint8Array(48).fill(77), shape: [4, 4, 1] });
    expect(await describeDataset(dataset)).toMatchObject({ std: 0, unlabelled: 3, classCounts: [] });
  });

  it('reports progress up to the last image', async () => {
    const dataset = arrayDataset({ id: 'x', images: new Uint8Array(1000), shape: [1, 1, 1] });
    const seen: number[] = [];
    await describeDataset(dataset, { onProgress: (imagesRead) => seen.push(imagesRead) });
    expect(seen).toHaveLength(100);
    expect(seen.at(-1)).toBe(1000);
  });
});
