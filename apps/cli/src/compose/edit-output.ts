import { imageGrid, toBytes } from '@onestep/data';
import { encodePng } from '@onestep/data/node';
import { hostTensor, writeSafetensors, type HostTensor } from '@onestep/tensor';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join, parse } from 'node:path';
import { UsageError } from '../errors';

/** A file to be written. */
export interface NamedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Checks that a file can be made here, and makes its folder.
 *
 * @throws UsageError if the name has another ending or is a folder's
 */
export async function checkTarget(flag: string, path: string, endings: readonly string[]): Promise<void> {
  if (!endings.includes(extname(path).toLowerCase())) {
    throw new UsageError(`${flag}: expected a name ending in ${endings.join(' or ')}, got ${path}.`);
  }
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) throw new UsageError(`${flag}: ${path} is a folder. Name a file.`);
  await mkdir(dirname(path), { recursive: true });
}

/** The results as files: `NAME.png`, of several `NAME-1.png` and so on; or the values as one `.safetensors`. */
export async function resultFiles(path: string, images: HostTensor): Promise<NamedFile[]> {
  if (extname(path).toLowerCase() === '.safetensors') return [{ path, bytes: writeSafetensors({ images }) }];
  const [count, height, width, channels] = images.shape;
  const pixels = toBytes(images.data as Float32Array);
  const size = height * width * channels;
  const { dir, name, ext } = parse(path);
  const files: NamedFile[] = [];
  for (let i = 0; i < count; i += 1) {
    const number = String(i + 1).padStart(String(count).length, '0');
    const bytes = await encodePng({ pixels: pixels.subarray(i * size, (i + 1) * size), width, height, channels });
    files.push({ path: count === 1 ? path : join(dir, `${name}-${number}${ext}`), bytes });
  }
  return files;
}

/** One row per group of images, side by side: what was given, the mask, what came out. */
export async function sheetFile(path: string, rows: readonly (readonly HostTensor[])[]): Promise<NamedFile> {
  const cells = rows.map((row) => row.flatMap((images) => singles(images)));
  const columns = Math.max(...cells.map((row) => row.length));
  const [, height, width, channels] = cells[0][0].shape;
  const size = height * width * channels;
  const values = new Float32Array(rows.length * columns * size).fill(-1);
  cells.forEach((row, y) => row.forEach((cell, x) => values.set(cell.data, (y * columns + x) * size)));
  const scale = Math.max(1, Math.round(700 / (Math.max(columns, 5) * width)));
  const picture = imageGrid(toBytes(values), { shape: [height, width, channels], columns, scale, background: 64 });
  return { path, bytes: await encodePng(picture) };
}

/** A mask as a picture: white where pixels are generated. */
export function maskPicture({ shape, data }: HostTensor, channels: number): HostTensor {
  const [count, height, width] = shape;
  const values = Float32Array.from(
    { length: data.length * channels },
    (_, i) => 2 * data[Math.floor(i / channels)] - 1,
  );
  return hostTensor(values, [count, height, width, channels]);
}

/** Writes all files under other names first, so that a failure leaves none of them. */
export async function writeAll(files: readonly NamedFile[]): Promise<void> {
  const partial = (path: string): string => `${path}.tmp`;
  try {
    for (const { path, bytes } of files) await writeFile(partial(path), bytes);
    for (const { path } of files) await rename(partial(path), path);
  } catch (error) {
    for (const { path } of files) await rm(partial(path), { force: true });
    throw error;
  }
}

function singles({ shape, data }: HostTensor): HostTensor[] {
  const size = shape.slice(1).reduce((product, length) => product * length, 1);
  return Array.from({ length: shape[0] }, (_, i) =>
    hostTensor(Float32Array.from(data.subarray(i * size, (i + 1) * size)), [1, ...shape.slice(1)]),
  );
}
