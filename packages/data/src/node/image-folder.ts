import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asUnreadable, contentHash, readDataFile } from './files';
import { isImageName, type ImageStore } from './image-store';
import { maxImageFileBytes, maxManifestBytes } from './limits';

const statsAtOnce = 64;

/**
 * Lists a folder of images and its sub-folders. Hidden files and links to folders are left out. The hash covers names and
 * sizes (and `dataset.json`), not pixels, so that opening a large folder does not read it.
 */
export async function openImageFolder(path: string): Promise<ImageStore> {
  const names = (await listImages(path, '')).sort();
  const sizes: number[] = [];
  for (let start = 0; start < names.length; start += statsAtOnce) {
    const files = names.slice(start, start + statsAtOnce).map((name) => join(path, name));
    sizes.push(...(await Promise.all(files.map(async (file) => (await stat(file)).size))));
  }
  const manifest = await readManifest(path);
  return {
    path,
    names,
    hash: contentHash([...names.map((name, i) => `${name}\0${sizes[i]}\n`), manifest ?? '']),
    manifest,
    classFolders: true,
    read: (name) => readDataFile(join(path, name), maxImageFileBytes),
  };
}

async function listImages(root: string, prefix: string): Promise<string[]> {
  const folder = join(root, prefix);
  try {
    const found: string[] = [];
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const name = `${prefix}${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) found.push(...(await listImages(root, `${name}/`)));
      else if (isImageName(entry.name) && (await stat(join(root, name))).isFile()) found.push(name);
    }
    return found;
  } catch (error) {
    throw asUnreadable(folder, error);
  }
}

async function readManifest(path: string): Promise<string | undefined> {
  const file = join(path, 'dataset.json');
  const present = await stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
  return present ? Buffer.from(await readDataFile(file, maxManifestBytes)).toString('utf8') : undefined;
}
