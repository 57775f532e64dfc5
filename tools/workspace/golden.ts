import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Folder with the golden cases: `ONESTEP_GOLDEN`, or `shared/golden` beside the clone; undefined where there is none,
 * and then the golden tests do not register.
 */
export function goldenFolder(): string | undefined {
  const folder = process.env.ONESTEP_GOLDEN ?? fileURLToPath(new URL('../../../shared/golden', import.meta.url));
  return existsSync(join(folder, 'README.md')) ? folder : undefined;
}

/** Parses one golden JSON file, for example `schedules/sigmas.json`. */
export function readGoldenJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(goldenFolder() ?? '', path), 'utf8')) as T;
}

/** Reads one golden file as bytes. */
export function readGoldenBytes(path: string): Uint8Array {
  return readFileSync(join(goldenFolder() ?? '', path));
}
