import type { Dataset } from '../dataset';
import { badData, checkRead } from '../internal/checks';
import { decodeImage } from './decode-image';
import { parseLabelManifest } from './label-manifest';
import type { Split } from './open-options';

/** Encoded images under names, wherever they lie: a folder or a zip. */
export interface ImageStore {
  /** What errors call it. */
  readonly path: string;
  /** Names with forward slashes, sorted by UTF-16 code unit. */
  readonly names: readonly string[];
  /** Identifies the content as far as it is known without reading every image. */
  readonly hash: string;
  /** Text of `dataset.json`, where there is one. */
  readonly manifest?: string | undefined;
  /** Without a manifest, true if the first part of each name is its class. */
  readonly classFolders: boolean;
  read(name: string): Promise<Uint8Array>;
  close?(): void;
}

/** True for the names that are taken for images. */
export function isImageName(name: string): boolean {
  return /\.(?:png|jpe?g|webp)$/i.test(name);
}

/** Makes a dataset of encoded images, decoded at each read; the first one settles what the options leave open. */
export async function imageStoreDataset(
  store: ImageStore,
  {
    kind,
    split,
    imageSize,
    channels,
  }: {
    readonly kind: string;
    readonly split: Split;
    readonly imageSize?: number | undefined;
    readonly channels?: 1 | 3 | undefined;
  },
): Promise<Dataset> {
  const { names, path } = store;
  if (names.length === 0) {
    throw badData(
      `openDataset: ${path} holds no data: expected IDX files, CIFAR-10 batches or .png, .jpg, .jpeg or .webp images.`,
      { path },
    );
  }
  const labelling = labelsOf(store);
  const nameOf = (name: string): string => `${path}/${name}`;
  const first = await decodeImage(await store.read(names[0]), nameOf(names[0]), { imageSize, channels });
  const shape = [first.height, first.width, first.channels] as const;
  const pixels = first.pixels.length;
  return {
    id: `${kind}/${split}/${store.hash}/${shape.join('x')}`,
    length: names.length,
    shape,
    numClasses: labelling.labelNames?.length ?? labelling.numClasses,
    labelNames: labelling.labelNames,
    async read(index, out) {
      checkRead('openDataset', names.length, index, pixels, out);
      const name = nameOf(names[index]);
      const image = await decodeImage(await store.read(names[index]), name, { imageSize, channels: shape[2] as 1 | 3 });
      if (image.height !== shape[0] || image.width !== shape[1]) {
        throw badData(
          `openDataset: ${name} is ${image.width} x ${image.height}, but ${nameOf(names[0])} is ${shape[1]} x ${shape[0]}. Pass imageSize to resize and crop all images.`,
          { name, shape: [image.height, image.width] },
        );
      }
      if (channels === undefined && shape[2] === 1 && !image.grey) {
        throw badData(
          `openDataset: ${name} is in colour, but ${nameOf(names[0])} is grey. Pass channels: 3 or channels: 1.`,
          { name },
        );
      }
      out.set(image.pixels);
      return labelling.labels[index] ?? -1;
    },
    close: () => store.close?.(),
  };
}

interface Labelling {
  readonly labels: readonly number[];
  readonly numClasses: number;
  readonly labelNames?: readonly string[];
}

function labelsOf({ path, names, manifest, classFolders }: ImageStore): Labelling {
  if (manifest !== undefined) return parseLabelManifest(manifest, names, `${path}/dataset.json`);
  const classes = names.map((name) => (name.includes('/') ? name.slice(0, name.indexOf('/')) : ''));
  if (!classFolders || classes.every((name) => name === '')) return { labels: [], numClasses: 0 };
  const stray = classes.indexOf('');
  if (stray >= 0) {
    throw badData(
      `openDataset: ${path}/${names[stray]} lies beside class folders, expected every image in the sub-folder of its class.`,
      { path, name: names[stray] },
    );
  }
  const labelNames = [...new Set(classes)].sort();
  const numbers = new Map(labelNames.map((name, label) => [name, label]));
  return { labels: classes.map((name) => numbers.get(name) ?? -1), numClasses: labelNames.length, labelNames };
}
