import { OnestepError } from '@onestep/tensor';
import type { Entry, ZipFile } from 'yauzl';
import { badData } from '../internal/checks';
import { crc32 } from '../internal/crc32';
import { asUnreadable, contentHash } from './files';
import { isImageName, type ImageStore } from './image-store';
import { maxImageFileBytes, maxManifestBytes, maxZipEntries } from './limits';

/**
 * Opens a zip of images, EDM-style: labels in `dataset.json`; without one the images have no labels, as sub-folders of
 * such zips are shards and not classes. Nothing is written to disk. The hash covers names, sizes and CRC-32 of the
 * entries. Absolute names, `..`, backslashes, duplicates, encryption and oversized entries are refused.
 */
export async function openImageZip(path: string): Promise<ImageStore> {
  const { default: yauzl } = await import('yauzl');
  const zip = await yauzl
    .openPromise(path, { autoClose: false, strictFileNames: true })
    .catch((error: unknown) => Promise.reject(damaged(path, error)));
  try {
    if (zip.entryCount > maxZipEntries) {
      throw badData(`openDataset: ${path} has ${zip.entryCount} entries, expected at most ${maxZipEntries}.`, { path });
    }
    const entries = await listEntries(path, zip);
    const names = [...entries.keys()].filter(isImageName).sort();
    const manifestEntry = entries.get('dataset.json');
    const manifest =
      manifestEntry === undefined
        ? undefined
        : Buffer.from(await readEntry(path, zip, manifestEntry, maxManifestBytes)).toString('utf8');
    const described = [...entries.values()]
      .map(({ fileName, uncompressedSize, crc32 }) => `${fileName}\0${uncompressedSize}\0${crc32}\n`)
      .sort();
    return {
      path,
      names,
      hash: contentHash(described),
      manifest,
      classFolders: false,
      read(name) {
        const entry = entries.get(name);
        if (entry === undefined) throw badData(`openDataset: ${path} holds no file ${name}.`, { path, name });
        return readEntry(path, zip, entry, maxImageFileBytes);
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** Images and the manifest, by name. */
async function listEntries(path: string, zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName } = entry;
      if (!isImageName(fileName) && fileName !== 'dataset.json') continue;
      if (entries.has(fileName))
        throw badData(`openDataset: ${path} holds ${fileName} twice.`, { path, name: fileName });
      if (entry.isEncrypted())
        throw badData(`openDataset: ${path}: ${fileName} is encrypted.`, { path, name: fileName });
      entries.set(fileName, entry);
    }
  } catch (error) {
    throw damaged(path, error);
  }
  return entries;
}

/**
 * Unpacks one entry and checks its CRC-32, which yauzl does not; yauzl ends the stream with an error when it grows past
 * the size that its header announces.
 */
async function readEntry(path: string, zip: ZipFile, entry: Entry, maxBytes: number): Promise<Uint8Array> {
  if (entry.uncompressedSize > maxBytes) {
    throw badData(
      `openDataset: ${path}: ${entry.fileName} announces ${entry.uncompressedSize} bytes, expected at most ${maxBytes}.`,
      { path, name: entry.fileName, size: entry.uncompressedSize },
    );
  }
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Uint8Array);
    const bytes = Buffer.concat(chunks);
    if (crc32(bytes) !== entry.crc32) throw new Error('its CRC-32 does not match');
    return bytes;
  } catch (error) {
    throw damaged(`${path}: ${entry.fileName}`, error);
  }
}

/** Whatever yauzl or the file system reports, as an error that names the zip; Onestep's own pass through. */
function damaged(where: string, error: unknown): Error {
  const named = asUnreadable(where, error);
  if (named instanceof OnestepError) return named;
  return badData(`openDataset: ${where} is a damaged zip (${named.message}).`, { path: where }, error);
}
