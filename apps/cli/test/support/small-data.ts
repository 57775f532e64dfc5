import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '@onestep/tensor';

/** Writes an IDX folder of small images in two classes: a bright left or right half, with noise. */
export function writeSmallDigits(folder: string, { count = 96, side = 8 } = {}): string {
  mkdirSync(folder, { recursive: true });
  const size = side * side;
  const noise = randomStream(5, 'test.small-digits').integers(count * size, 60);
  const images = Buffer.alloc(16 + count * size);
  [0x803, count, side, side].forEach((word, i) => images.writeUInt32BE(word, 4 * i));
  const labels = Buffer.alloc(8 + count);
  [0x801, count].forEach((word, i) => labels.writeUInt32BE(word, 4 * i));
  for (let i = 0; i < count; i += 1) {
    labels[8 + i] = i % 2;
    for (let pixel = 0; pixel < size; pixel += 1) {
      const bright = (pixel % side < side / 2 ? 0 : 1) === i % 2;
      images[16 + i * size + pixel] = (bright ? 180 : 0) + noise[i * size + pixel];
    }
  }
  writeFileSync(join(folder, 'train-images-idx3-ubyte'), images);
  writeFileSync(join(folder, 'train-labels-idx1-ubyte'), labels);
  return folder;
}

/** A recipe on that data that takes a fraction of a second a step. */
export function smallRecipe(dataset: string, changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: 'small',
    method: 'edm',
    dataset: { spec: dataset },
    network: {
      name: 'adm-unet',
      preset: 'mnist-tiny',
      classConditional: true,
      config: { modelChannels: 8, numHeadChannels: 8, numResBlocks: 1 },
    },
    optimizer: { name: 'adam', learningRate: 1e-3 },
    ema: [{ name: 'main', decay: 0.9 }],
    batchSize: 8,
    steps: 40,
    seed: 3,
    checkpoint: { everySteps: 10, keepLast: 3 },
    logging: { everySteps: 5 },
    ...changes,
  };
}
