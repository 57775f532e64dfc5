import { appendFile, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { OnestepError } from '@onestep/tensor';
import { parseRecipe } from '../recipes/parse-recipe';
import type { Recipe } from '../recipes/schema';
import type { TrainerHooks } from '../trainer/trainer-options';
import type { LogEntry, TrainingState } from '../trainer/training-state';
import { loadCheckpoint, writeCheckpoint } from './checkpoint-folder';
import { makeFolder, replaceFile } from './durable-files';

/** The folder of one training. */
export interface Run {
  /** Absolute path. */
  readonly folder: string;
  /** Last part of the path. */
  readonly name: string;
  /** Resolved recipe the run was started with. */
  readonly recipe: Recipe;
  /** Identity of the images it learns from; undefined where the run was started without one. */
  readonly data: string | undefined;
  /** Hooks for `trainer.run` that write metrics and checkpoints here. */
  readonly hooks: Required<Pick<TrainerHooks, 'onLog' | 'onCheckpoint'>>;
  /** Appends a line to `metrics.jsonl`. */
  log(entry: LogEntry): Promise<void>;
  /** The lines of `metrics.jsonl`; a half-written last one is left out. */
  readMetrics(): Promise<LogEntry[]>;
  /** Saves a checkpoint, all or nothing, and removes those the recipe does not keep. */
  save(state: TrainingState): Promise<void>;
  /**
   * Loads a checkpoint to resume from and cuts `metrics.jsonl` back to its step, so that the resumed run writes the
   * later lines anew.
   *
   * @param options - as for `loadCheckpoint`
   */
  resume(options?: { readonly step?: number | undefined; readonly allowFallback?: boolean }): Promise<TrainingState>;
}

/**
 * Starts a run folder: `recipe.json` with the resolved recipe and the versions it was made with.
 *
 * @param folder - of the run, made with its parents
 * @param options - `recipe`; beside it `versions` by name, and `data`, the identity of the images
 * @throws {@link OnestepError} `run-exists` if the folder holds a run already
 */
export async function createRun(
  folder: string,
  {
    recipe,
    versions = {},
    data,
  }: {
    readonly recipe: Recipe;
    readonly versions?: Readonly<Record<string, string>>;
    readonly data?: string | undefined;
  },
): Promise<Run> {
  const path = resolve(folder);
  if ((await stat(join(path, 'recipe.json')).catch(() => undefined)) !== undefined) {
    throw new OnestepError(
      'run-exists',
      `createRun: ${path} holds a run already. Resume it, or choose another folder.`,
      {
        details: { folder: path },
      },
    );
  }
  await makeFolder(path);
  const content = { format: 1, versions: { node: process.version, ...versions }, data, recipe };
  await replaceFile(join(path, 'recipe.json'), `${JSON.stringify(content, null, 2)}\n`);
  return makeRun(path, recipe, data);
}

/**
 * Opens a run folder.
 *
 * @throws {@link OnestepError} `missing-run` if there is no `recipe.json`, `invalid-recipe` if it is not one
 */
export async function openRun(folder: string): Promise<Run> {
  const path = resolve(folder);
  let text: string;
  try {
    text = await readFile(join(path, 'recipe.json'), 'utf8');
  } catch (cause) {
    throw new OnestepError('missing-run', `openRun: ${path} holds no run: recipe.json cannot be read.`, {
      details: { folder: path },
      cause,
    });
  }
  const file = join(path, 'recipe.json');
  let content: { readonly recipe?: unknown; readonly data?: unknown } | null;
  try {
    content = JSON.parse(text) as typeof content;
  } catch (cause) {
    throw new OnestepError('invalid-recipe', `openRun: ${file} is not JSON.`, { details: { path: file }, cause });
  }
  try {
    return makeRun(path, parseRecipe(content?.recipe), typeof content?.data === 'string' ? content.data : undefined);
  } catch (error) {
    if (!(error instanceof OnestepError)) throw error;
    throw new OnestepError(error.code, `openRun: ${file}: ${error.message}`, {
      details: { ...error.details, path: file },
      cause: error,
    });
  }
}

function makeRun(folder: string, recipe: Recipe, data: string | undefined): Run {
  const metrics = join(folder, 'metrics.jsonl');
  const log = (entry: LogEntry): Promise<void> => appendFile(metrics, `${JSON.stringify(entry)}\n`);
  const save = async (state: TrainingState): Promise<void> => {
    await writeCheckpoint(folder, state, recipe.checkpoint);
  };
  const readMetrics = async (): Promise<LogEntry[]> => {
    const text = await readFile(metrics, 'utf8').catch(() => '');
    return text.split('\n').flatMap(parseLine);
  };
  return {
    folder,
    name: basename(folder),
    recipe,
    data,
    hooks: { onLog: log, onCheckpoint: save },
    log,
    readMetrics,
    save,
    async resume(options = {}) {
      const state = await loadCheckpoint(folder, options);
      const kept = (await readMetrics()).filter((entry) => entry.step <= state.step);
      await replaceFile(metrics, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      return state;
    },
  };
}

/** A kill can cut the last line short: what does not parse was not logged. */
function parseLine(line: string): LogEntry[] {
  if (line === '') return [];
  try {
    const entry = JSON.parse(line) as LogEntry;
    // JSON has no NaN, the mean of no steps.
    const number = (value: number | null): number => value ?? NaN;
    const { evaluation } = entry;
    const scored = evaluation === undefined ? {} : { evaluation: { ...evaluation, value: number(evaluation.value) } };
    return [{ ...entry, loss: number(entry.loss), gradNorm: number(entry.gradNorm), ...scored }];
  } catch {
    return [];
  }
}
