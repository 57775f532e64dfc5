import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from '../errors';

/**
 * The folder a run is written to. A folder the person named must be empty or absent; a default one is numbered until
 * it is free.
 *
 * @throws UsageError if `asked` holds something
 */
export async function freeFolder(asked: string | undefined, fallback: string): Promise<string> {
  if (asked !== undefined) {
    if (await isFree(asked)) return asked;
    throw new UsageError(
      `--out: ${asked} is not empty. Resume it with \`onestep resume ${asked}\`, or choose another folder.`,
    );
  }
  for (let number = 1; ; number += 1) {
    const folder = numbered(fallback, number);
    if (await isFree(folder)) return folder;
  }
}

/** `NAME`, `NAME-2`, `NAME-3` and so on. */
export function numbered(name: string, number: number): string {
  return number === 1 ? name : `${name}-${number}`;
}

/** Writes a small file under another name and renames it, so that a kill leaves the whole file or none. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text);
  await rename(`${path}.tmp`, path);
}

async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

/** Makes the folder and writes the file. */
export async function writeTo(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
