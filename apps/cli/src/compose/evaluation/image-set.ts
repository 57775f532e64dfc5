import type { Dataset } from '@onestep/data';
import { openDataset, openNpz } from '@onestep/data/node';
import type { EvaluationImages, Generator } from '@onestep/metrics';
import { readdir, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cannotOpen, UsageError } from '../../errors';
import { isDatasetSpec } from '../batches';

/** Images in a fixed order, read as they are needed. */
export interface ImageSet {
  /** Identity of the content. */
  readonly id: string;
  readonly count: number;
  /** `[H, W, C]`. */
  readonly shape: readonly number[];
  /** What makes them, where that is a model. */
  readonly generator?: Generator | undefined;
  /** Images `from` to `to`, the same whatever else was read. */
  batches(from: number, to: number): AsyncIterable<EvaluationImages>;
  close(): void;
}

/** Which of several kinds of place holds images. */
export interface ImagePlace {
  readonly path: string;
  readonly split: 'train' | 'test' | undefined;
}

/** Images per read. */
const readsAtOnce = 64;

/** Splits `mnist:test` into place and split. A path that exists is one, colon and all. */
export async function parsePlace(spec: string): Promise<ImagePlace> {
  const match = /^(.+):(train|test)$/.exec(spec);
  const exists = (await stat(spec).catch(() => undefined)) !== undefined;
  if (match === null || exists) return { path: spec, split: undefined };
  return { path: match[1], split: match[2] as 'train' | 'test' };
}

/** True for a run, a checkpoint or a weight file. */
export async function isModel(path: string): Promise<boolean> {
  if (isDatasetSpec(path)) return false;
  const stats = await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  if (stats.isFile()) return extname(path).toLowerCase() === '.safetensors';
  const names = await readdir(path);
  return names.includes('recipe.json') || names.includes('model.safetensors');
}

/**
 * Opens images: a dataset by name (`mnist:test`), a folder or zip of PNG, JPEG or WebP files, or an `.npz` with `arr_0`
 * `[N, H, W, C]` of bytes.
 *
 * @param options - `split` where the spec names none; `imageSize` for files of images
 */
export async function openImageSet(
  { path, split }: ImagePlace,
  { imageSize, fallback }: { readonly imageSize?: number | undefined; readonly fallback: 'train' | 'test' },
): Promise<ImageSet> {
  if (extname(path).toLowerCase() === '.npz' && !isDatasetSpec(path)) return npzImages(path, imageSize);
  if (!isDatasetSpec(path)) {
    await stat(path).catch((cause: unknown) => {
      throw cannotOpen(path, cause);
    });
  }
  // Files of images have a test split only where there are folders for it.
  const splits = split ?? (isDatasetSpec(path) ? fallback : 'train');
  const dataset = await openDataset(path, {
    split: splits,
    imageSize,
    resolveFrom: fileURLToPath(new URL('..', import.meta.url)),
  });
  const { id, length: count, shape } = dataset;
  return { id, count, shape, batches: (from, to) => readDataset(dataset, from, to), close: () => dataset.close?.() };
}

async function* readDataset(dataset: Dataset, from: number, to: number): AsyncGenerator<EvaluationImages> {
  const size = dataset.shape.reduce((product, extent) => product * extent, 1);
  for (let start = from; start < to; start += readsAtOnce) {
    const count = Math.min(readsAtOnce, to - start);
    const data = new Uint8Array(count * size);
    const read = (i: number): unknown => dataset.read(start + i, data.subarray(i * size, (i + 1) * size));
    await Promise.all(Array.from({ length: count }, (_, i) => read(i)));
    yield { shape: [count, ...dataset.shape], data };
  }
}

async function npzImages(path: string, imageSize: number | undefined): Promise<ImageSet> {
  if (imageSize !== undefined) {
    throw new UsageError(`--image-size: images of an .npz have one size already, got ${path}. Leave it out.`);
  }
  await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  const file = await openNpz(path);
  const name = file.arrays.some((array) => array.name === 'arr_0') ? 'arr_0' : (file.arrays[0]?.name ?? 'arr_0');
  const array = file.arrays.find((candidate) => candidate.name === name);
  if (array?.type !== '|u1' || array.shape.length < 3 || array.shape.length > 4) {
    const found = file.arrays.map((entry) => `${entry.name} ${entry.type} [${entry.shape.join(', ')}]`).join('; ');
    file.close();
    throw new UsageError(`${path} holds no images: expected arr_0 of bytes [N, H, W, C], found ${found || 'nothing'}.`);
  }
  const [count, height, width, channels = 1] = array.shape;
  const shape = [height, width, channels];
  return {
    id: `npz/${file.hash}/${shape.join('x')}`,
    count,
    shape,
    batches: (from, to) =>
      mapRows(file.rows(name, { from, to, size: readsAtOnce }), (rows) => ({
        shape: [rows.shape[0], ...shape],
        data: rows.data,
      })),
    close: () => file.close(),
  };
}

async function* mapRows<T>(
  source: AsyncIterable<T>,
  change: (value: T) => EvaluationImages,
): AsyncGenerator<EvaluationImages> {
  for await (const value of source) yield change(value);
}
