import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OnestepError } from '@onestep/tensor';
import { damaged } from '../checkpoints/damaged';
import { filesToState, stateToFiles } from '../checkpoints/state-files';
import type { TrainingState } from '../trainer/training-state';
import { makeFolder, replaceFile, sha256, syncFolder, writeDurably } from './durable-files';
import { makeManifest, parseManifest } from './manifest';

/** Which checkpoints of a run are kept. */
export interface Retention {
  /** The newest so many, >= 1. */
  readonly keepLast: number;
  /** Also every checkpoint whose step is a multiple of this. */
  readonly keepEvery?: number | undefined;
}

/** Marks what a killed save left behind: ignored by readers, removed by the next save. */
const leftover = '.tmp-';

/** Steps of the checkpoints in a run folder, ascending; complete or not, readers find out. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const names = await readdir(join(folder, 'checkpoints')).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Step that `latest` names; undefined where there is no such file. */
export async function latestStep(folder: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, 'latest'), 'utf8');
  } catch {
    return undefined;
  }
  if (!/^\d+\n?$/.test(text)) throw damaged('latest', `it holds ${JSON.stringify(text.slice(0, 40))}, expected a step`);
  return Number(text);
}

/** Step of the checkpoint with the best evaluation, that `best` names; undefined where there is none. */
export async function bestStep(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'best'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  if (!/^\d+\n?$/.test(text)) throw damaged('best', `it holds ${JSON.stringify(text.slice(0, 40))}, expected a step`);
  return Number(text);
}

/**
 * Saves a checkpoint all or nothing: files to a temporary folder, each flushed to the disk, the folder renamed, then
 * `latest` swapped, `best` too where the run is evaluated, then what retention does not keep removed; the best is kept. A save that fails or is killed touches no other checkpoint.
 *
 * @param folder - of the run
 * @returns the checkpoint's folder
 */
export async function writeCheckpoint(folder: string, state: TrainingState, retention: Retention): Promise<string> {
  const parent = join(folder, 'checkpoints');
  await makeFolder(parent);
  await removeLeftovers(folder);
  const name = String(state.step);
  const temporary = join(parent, `${leftover}${name}`);
  const final = join(parent, name);
  const files = stateToFiles(state);
  const manifest = `${JSON.stringify(makeManifest(state.step, files), null, 2)}\n`;
  try {
    await makeFolder(temporary);
    for (const [file, bytes] of files) await writeDurably(join(temporary, file), bytes);
    await writeDurably(join(temporary, 'manifest.json'), manifest);
    await syncFolder(temporary);
    await putInPlace(temporary, { folder, step: state.step, manifest });
    await syncFolder(parent);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
  await replaceFile(join(folder, 'latest'), `${name}\n`);
  const best = state.evaluation?.best?.step;
  if (best !== undefined && (await checkpointSteps(folder)).includes(best)) {
    await replaceFile(join(folder, 'best'), `${best}\n`);
  }
  await prune(folder, state.step, { ...retention, best });
  return final;
}

/**
 * Loads a checkpoint, checking size and SHA-256 of every file.
 *
 * @param folder - of the run
 * @param options - `step`, default the one `latest` names, or the newest where there is no such file; `allowFallback`: if that one is damaged, take the newest
 * older one that is not, default false
 * @throws {@link OnestepError} `damaged-checkpoint` naming the damaged file; the message says whether an older checkpoint
 * exists; `missing-run` if the run has no checkpoint of `step`
 */
export async function loadCheckpoint(
  folder: string,
  { step, allowFallback = false }: { readonly step?: number | undefined; readonly allowFallback?: boolean } = {},
): Promise<TrainingState> {
  const steps = await checkpointSteps(folder);
  const wanted = step ?? (await latestOr(folder, steps, allowFallback));
  if (step !== undefined && !steps.includes(step)) {
    throw new OnestepError(
      'missing-run',
      `loadCheckpoint: ${folder} has no checkpoint of step ${step}, known are ${steps.join(', ') || 'none'}.`,
      { details: { folder, step, steps } },
    );
  }
  const older = steps.filter((candidate) => candidate < wanted).reverse();
  let failure: unknown;
  for (const candidate of allowFallback ? [wanted, ...older] : [wanted]) {
    try {
      return await readCheckpoint(folder, candidate);
    } catch (error) {
      failure ??= error;
    }
  }
  if (!(failure instanceof OnestepError) || allowFallback || older.length === 0) throw failure;
  throw new OnestepError(
    failure.code,
    `${failure.message} The checkpoint of step ${older[0]} is older; ask for a fallback to use it.`,
    {
      details: { ...failure.details, step: wanted, olderSteps: older },
      cause: failure,
    },
  );
}

async function latestOr(folder: string, steps: readonly number[], allowFallback: boolean): Promise<number> {
  const latest = await latestStep(folder).catch((error: unknown) => {
    if (allowFallback) return undefined;
    throw error;
  });
  // A kill between the rename of the first checkpoint and the writing of `latest` leaves a complete one without it.
  const chosen = latest ?? steps.at(-1);
  if (chosen !== undefined) return chosen;
  throw new OnestepError(
    'damaged-checkpoint',
    `loadCheckpoint: ${folder} has no complete checkpoint: the file "latest" is missing.`,
    { details: { file: 'latest', steps } },
  );
}

async function readCheckpoint(folder: string, step: number): Promise<TrainingState> {
  const state = filesToState(await readCheckpointFiles(folder, step));
  if (state.step !== step) {
    throw damaged(join('checkpoints', String(step), 'state.json'), `it belongs to step ${state.step}`);
  }
  return state;
}

/**
 * Reads files of a checkpoint, checking size and SHA-256 of each.
 *
 * @param wanted - which files of the manifest; default all
 * @throws {@link OnestepError} `damaged-checkpoint` naming the file
 */
export async function readCheckpointFiles(
  folder: string,
  step: number,
  wanted: (name: string) => boolean = () => true,
): Promise<Map<string, Uint8Array>> {
  const place = join('checkpoints', String(step));
  const read = async (name: string): Promise<Uint8Array> => {
    try {
      return new Uint8Array(await readFile(join(folder, place, name)));
    } catch (cause) {
      throw damaged(join(place, name), 'it cannot be read', cause);
    }
  };
  const manifest = parseManifest(new TextDecoder().decode(await read('manifest.json')));
  if (manifest.step !== step) throw damaged(join(place, 'manifest.json'), `it belongs to step ${manifest.step}`);
  const files = new Map<string, Uint8Array>();
  for (const [name, entry] of Object.entries(manifest.files)) {
    if (!wanted(name)) continue;
    const bytes = await read(name);
    if (bytes.length !== entry.bytes) {
      throw damaged(join(place, name), `it has ${bytes.length} bytes, the manifest says ${entry.bytes}`);
    }
    if (sha256(bytes) !== entry.sha256) throw damaged(join(place, name), 'its SHA-256 differs from the manifest');
    files.set(name, bytes);
  }
  return files;
}

/**
 * Renames the complete temporary folder. Where the step has a checkpoint already (a run resumed and stopped at once, or
 * going again over steps that a kill made it forget), an intact equal one stays and any other is replaced.
 */
async function putInPlace(
  temporary: string,
  { folder, step, manifest }: { folder: string; step: number; manifest: string },
) {
  const final = join(folder, 'checkpoints', String(step));
  if ((await stat(final).catch(() => undefined)) === undefined) {
    await rename(temporary, final);
    return;
  }
  const intact = await readCheckpoint(folder, step).then(
    () => true,
    () => false,
  );
  if (intact && (await readFile(join(final, 'manifest.json'), 'utf8')) === manifest) {
    await rm(temporary, { recursive: true });
    return;
  }
  const replaced = `${temporary}-replaced`;
  await rename(final, replaced);
  await rename(temporary, final);
  await rm(replaced, { recursive: true, force: true });
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const parent of [folder, join(folder, 'checkpoints')]) {
    for (const name of await readdir(parent)) {
      if (name.startsWith(leftover)) await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}

async function prune(
  folder: string,
  newest: number,
  { keepLast, keepEvery, best }: Retention & { readonly best: number | undefined },
): Promise<void> {
  const steps = await checkpointSteps(folder);
  const older = steps.filter((step) => step <= newest);
  const kept = new Set([newest, ...older.slice(-Math.max(1, keepLast))]);
  for (const step of older) {
    if (kept.has(step) || step === best || (keepEvery !== undefined && step % keepEvery === 0)) continue;
    await rm(join(folder, 'checkpoints', String(step)), { recursive: true, force: true });
  }
}
