import { describeDataset } from '@onestep/data';
import { openDataset, saveImageGrid } from '@onestep/data/node';
import { Option, type Command } from 'commander';
import { fileURLToPath } from 'node:url';
import { integerIn } from '../options';
import { createOutput } from '../output/output';

interface DatasetFlags {
  readonly split: 'train' | 'test';
  readonly imageSize?: number;
  readonly grid?: string;
  readonly json: boolean;
}

/** `onestep dataset SPEC`: what a dataset holds, and optionally a sheet of its first images. */
export function addDataset(program: Command): void {
  program
    .command('dataset')
    .description('describe a dataset: size, classes, pixel statistics')
    .argument('<spec>', 'mnist, fashion-mnist, or a path')
    .addOption(new Option('--split <name>', 'part of the dataset').choices(['train', 'test']).default('train'))
    .option('--image-size <n>', 'image folders: resize and crop to this side', integerIn(1, 4096))
    .option('--grid <file>', 'write the first 64 images as a PNG sheet')
    .option('--json', 'print the description as JSON', false)
    .action(async (spec: string, { split, imageSize, grid, json }: DatasetFlags) => {
      const output = createOutput({ json });
      const dataset = await openDataset(spec, {
        split,
        imageSize,
        resolveFrom: fileURLToPath(new URL('..', import.meta.url)),
      });
      try {
        const description = await describeDataset(dataset);
        if (grid !== undefined) {
          const size = dataset.shape[0] * dataset.shape[1] * dataset.shape[2];
          const count = Math.min(64, dataset.length);
          const pixels = new Uint8Array(count * size);
          for (let i = 0; i < count; i += 1) await dataset.read(i, pixels.subarray(i * size, (i + 1) * size));
          await saveImageGrid(grid, pixels, { shape: dataset.shape, scale: 2 });
        }
        const { id, length, shape, numClasses, classCounts, labelNames, mean, std } = description;
        output.result(description, [
          id,
          `${length} images of [${shape.join(', ')}], mean ${mean.toFixed(4)}, std ${std.toFixed(4)} on the scale [-1, 1]`,
          ...(numClasses === 0
            ? ['no labels']
            : classCounts.map(
                (count, label) => `  class ${label}${labelNames ? ` (${labelNames[label]})` : ''}: ${count}`,
              )),
          ...(grid === undefined ? [] : [`Written to ${grid}`]),
        ]);
      } finally {
        dataset.close?.();
      }
    });
}
