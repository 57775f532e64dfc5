import { sha256 } from './durable-files';
import { damaged } from '../checkpoints/damaged';
import { checkpointVersion } from '../checkpoints/stored-position';

/** What a checkpoint folder must hold. */
export interface Manifest {
  readonly version: number;
  readonly step: number;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** Sizes and SHA-256 sums of the files, in name order; no dates, so that equal states give equal manifests. */
export function makeManifest(step: number, files: ReadonlyMap<string, Uint8Array>): Manifest {
  const entries = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    version: checkpointVersion,
    step,
    files: Object.fromEntries(entries.map(([name, bytes]) => [name, { bytes: bytes.length, sha256: sha256(bytes) }])),
  };
}

/**
 * Parses a manifest strictly.
 *
 * @throws OnestepError `damaged-checkpoint` if it is not JSON of the right form, or names a file outside its folder
 */
export function parseManifest(text: string): Manifest {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
  } catch (cause) {
    throw damaged('manifest.json', 'it is not JSON', cause);
  }
  if (
    typeof manifest !== 'object' ||
    manifest === null ||
    typeof manifest.files !== 'object' ||
    manifest.files === null
  ) {
    throw damaged('manifest.json', 'it lists no files');
  }
  if (manifest.version !== checkpointVersion) {
    throw damaged('manifest.json', `it has version ${String(manifest.version)}, expected ${checkpointVersion}`);
  }
  for (const [name, entry] of Object.entries(manifest.files)) {
    // A name is data from a file: it must not lead out of the folder.
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw damaged('manifest.json', `it names ${JSON.stringify(name)}`);
    if (!Number.isSafeInteger(entry?.bytes) || !/^[0-9a-f]{64}$/.test(entry.sha256)) {
      throw damaged('manifest.json', `the entry of ${JSON.stringify(name)} is incomplete`);
    }
  }
  return manifest;
}
