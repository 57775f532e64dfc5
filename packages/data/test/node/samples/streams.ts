import { hostTensor } from '@onestep/tensor';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SampleBatch, SampleJob, SampleShard, WriteSamplesOptions } from '../../../src/node';

/** A job of tiny images in two classes. */
export const job = (changes: Partial<SampleJob> = {}): SampleJob => ({
  model: 'a'.repeat(64),
  seed: 1,
  count: 23,
  shape: [2, 2, 1],
  numClasses: 2,
  sampler: 'one-step',
  sigmas: [80],
  ...changes,
});

/** Image `index` of the stream: a function of its number alone. */
export function imageOf(index: number, size = 4): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(7 * index + i));
}

/** Draws batches of a stream; throws where a process would have been killed. */
export function drawer(size: number, batchSize = 4, killAt = Infinity): WriteSamplesOptions['draw'] {
  return async function* ({ from, to }): AsyncGenerator<SampleBatch> {
    for (let start = from; start < to; start += batchSize) {
      if (start >= killAt) throw new Error('killed');
      const count = Math.min(batchSize, to - start);
      const data = new Float32Array(count * size);
      for (let i = 0; i < count; i += 1) data.set(imageOf(start + i, size), i * size);
      yield await Promise.resolve({ images: hostTensor(data, [count, size]) });
    }
  };
}

/** What all streams of these tests share. */
export function stream(changes: Partial<WriteSamplesOptions> = {}, shard?: SampleShard): WriteSamplesOptions {
  const own = changes.job ?? job();
  return {
    job: own,
    ...(own.numClasses > 0 ? { label: (index: number) => index % own.numClasses } : {}),
    draw: drawer(own.shape.reduce((product, extent) => product * extent, 1)),
    shard,
    ...changes,
  };
}

/** Names and hashes of every file below a folder; what tools would see. */
export function snapshot(folder: string, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    readdirSync(join(folder, prefix)).flatMap((entry): [string, string][] => {
      const name = join(prefix, entry);
      if (statSync(join(folder, name)).isDirectory()) return Object.entries(snapshot(folder, name));
      return [
        [
          name,
          createHash('sha256')
            .update(readFileSync(join(folder, name)))
            .digest('hex'),
        ],
      ];
    }),
  );
}
