import { join } from 'node:path';
import type { Dataset } from '../dataset';
import { badData } from '../internal/checks';
import { idxDataset, idxHeaderBytes, parseIdx, parseIdxHeader } from '../sources/idx';
import { contentHash, gunzipCapped, gunzipHead, isGzip, readDataFile } from './files';
import { maxIdxBytes } from './limits';
import type { Split } from './open-options';

const prefixes: Readonly<Record<Split, string>> = { train: 'train', test: '(?:t10k|test)' };

/** True if a folder with these files holds MNIST-like images, of whatever split. */
export function isIdxFolder(files: readonly string[]): boolean {
  return (['train', 'test'] as const).some((split) => findIdx(files, split, 'images') !== undefined);
}

/**
 * Opens a folder of IDX files under MNIST's names, plain or .gz: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
 * `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte` (also with a dot before `idx`, or `test` for `t10k`).
 */
export async function openIdxFolder(
  folder: string,
  files: readonly string[],
  {
    split,
    kind,
    labelNames,
  }: { readonly split: Split; readonly kind: string; readonly labelNames?: readonly string[] | undefined },
): Promise<Dataset> {
  const need = (which: Split, content: 'images' | 'labels'): string => {
    const found = findIdx(files, which, content);
    if (found !== undefined) return join(folder, found);
    const standard = `${which === 'train' ? 'train' : 't10k'}-${content}-idx${content === 'images' ? 3 : 1}-ubyte`;
    throw badData(`openDataset: ${folder} has no file ${standard} (or ${standard}.gz).`, {
      folder,
      expected: standard,
    });
  };
  const imagesPath = need(split, 'images');
  const labelsPath = need(split, 'labels');
  const images = await readIdxFile(imagesPath);
  const labels = await readIdxFile(labelsPath);
  return idxDataset({
    images,
    labels,
    id: `${kind}/${split}/${contentHash([images, labels])}`,
    numClasses: labelNames?.length ?? (await countClasses(labels, labelsPath, folder, files, split)),
    labelNames,
    names: { images: imagesPath, labels: labelsPath },
  });
}

/** Classes of both splits together: the smaller one may lack the last class. */
async function countClasses(
  labels: Uint8Array,
  labelsPath: string,
  folder: string,
  files: readonly string[],
  split: Split,
): Promise<number> {
  const other = findIdx(files, split === 'train' ? 'test' : 'train', 'labels');
  const parts = [parseIdx(labels, { name: labelsPath }).data];
  if (other !== undefined) {
    const path = join(folder, other);
    parts.push(parseIdx(await readIdxFile(path), { name: path }).data);
  }
  return parts.reduce((most, data) => data.reduce((largest, label) => Math.max(largest, label + 1), most), 1);
}

/** Name of the file that holds one part of a split; the plain file goes before the .gz. */
function findIdx(files: readonly string[], split: Split, content: 'images' | 'labels'): string | undefined {
  const rank = content === 'images' ? 3 : 1;
  const pattern = new RegExp(`^${prefixes[split]}-${content}[-.]idx${rank}-ubyte(?:\\.gz)?$`);
  return files.filter((file) => pattern.test(file)).sort()[0];
}

/** Reads an IDX file, unpacking it if it is a gzip file, to no more than its own header announces. */
async function readIdxFile(path: string): Promise<Uint8Array> {
  const bytes = await readDataFile(path);
  if (!isGzip(bytes)) return bytes;
  const head = gunzipHead(bytes);
  // A damaged start is left to gunzipCapped, whose error tells what is wrong with the compression.
  if (head.length === 0) return gunzipCapped(path, bytes, maxIdxBytes);
  const shape = parseIdxHeader(head, path);
  const announced = idxHeaderBytes(shape) + shape.reduce((product, size) => product * size, 1);
  if (announced > maxIdxBytes) {
    throw badData(
      `openDataset: ${path} announces ${announced} bytes for dimensions [${shape.join(', ')}], expected at most ${maxIdxBytes}.`,
      { path, shape },
    );
  }
  return gunzipCapped(path, bytes, announced);
}
