import { hostTensor, randomStream, type HostTensor } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { imageBatches, type ImageBatch, type ImageSource } from '../../src/lenet/image-batches';

const images = (count: number): HostTensor =>
  hostTensor(randomStream(1, 'test.images').uniform(count * 784), [count, 28, 28, 1]);

async function collect(source: ImageSource, size: number): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  for await (const batch of imageBatches(source, size)) batches.push(batch);
  return batches;
}

describe('imageBatches', () => {
  it('gives the same batches however the images come', async () => {
    const all = images(11);
    const part = (from: number, to: number) => hostTensor(all.data.slice(from * 784, to * 784) as Float32Array, [to - from, 28, 28, 1]); // prettier-ignore
    const whole = await collect(all, 4);
    expect(whole.map(({ count }) => count)).toEqual([4, 4, 3]);
    expect(whole.map(({ images: { shape } }) => shape[0])).toEqual([4, 4, 4]);
    expect(await collect([part(0, 1), part(1, 1), part(1, 9), part(9, 11)], 4)).toEqual(whole);
    expect(await collect([part(0, 0)], 4)).toEqual([]);
  });

  it('fills the last batch with its last image', async () => {
    const [, last] = await collect(images(3), 2);
    expect(last.count).toBe(1);
    expect(last.images.data.slice(784)).toEqual(last.images.data.slice(0, 784));
  });

  it('clips and rounds to the levels of an image file', async () => {
    const data = new Float32Array(784);
    data.set([-3, -1, 0.001, 0.999, 1, Infinity]);
    const [{ images: rounded }] = await collect(hostTensor(data, [1, 28, 28, 1]), 1);
    expect(Array.from(rounded.data.slice(0, 6), (value) => Math.round((value + 1) * 127.5))).toEqual([
      0, 0, 128, 255, 255, 255,
    ]);
  });

  it('refuses what is no grey image', async () => {
    const colour = hostTensor(new Float32Array(32 * 32 * 3), [1, 32, 32, 3]);
    await expect(collect(colour, 1)).rejects.toThrow('images must be grey');
    await expect(collect([images(1), hostTensor(new Float32Array(1024), [1, 32, 32, 1])], 1)).rejects.toThrow(
      'got images of [32, 32, 1] after images of [28, 28, 1]',
    );
    const broken = images(3);
    broken.data[2 * 784 + 5] = NaN;
    await expect(collect([images(2), broken], 1)).rejects.toThrow('image 4 has a pixel that is not a number');
  });
});
