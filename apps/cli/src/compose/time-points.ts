import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors';
import { writeWhole } from './folders';

/** How time points were searched. */
export const searchMethods = ['ternary', 'golden', 'grid'] as const;
/** One of {@link searchMethods}. */
export type SearchMethod = (typeof searchMethods)[number];

/** One finished search of `onestep tune`. */
export interface TimePointSearch {
  /** Network calls: the number of levels. */
  readonly steps: number;
  /** Strictly decreasing; the model is evaluated at each. */
  readonly sigmas: readonly number[];
  /** Name of the metric, for example `fd-lenet`. */
  readonly metric: string;
  /** What the metric gave for `sigmas`; lower is better. */
  readonly value: number;
  /** Of the noise that every candidate was sampled with. */
  readonly seed: number;
  /** Samples per candidate. */
  readonly count: number;
  readonly method: SearchMethod;
}

/** The file `time-points.json` in the folder of a model. */
export interface TimePoints {
  /** SHA-256 of the weight file that the searches belong to. */
  readonly model: string;
  /** Oldest first, one for each number of steps and metric. */
  readonly searches: readonly TimePointSearch[];
}

/** Where the time points of a weight file are kept: `time-points.json` beside it. */
export function timePointsPath(modelFile: string): string {
  return join(dirname(modelFile), 'time-points.json');
}

/**
 * Reads the time points that `onestep tune` found for a weight file.
 *
 * @param modelFile - the weight file, as `findModel` gives it in `path`
 * @returns undefined where there is no `time-points.json` beside it
 * @throws UsageError if the file is malformed, or belongs to other weights
 */
export async function readTimePoints(modelFile: string): Promise<TimePoints | undefined> {
  const place = timePointsPath(modelFile);
  const text = await readFile(place, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const points = parseTimePoints(place, text);
  const model = await sha256Of(modelFile);
  if (points.model !== model) {
    throw new UsageError(
      `${place} was made for other weights: its model is ${points.model.slice(0, 12)}..., ` +
        `${modelFile} is ${model.slice(0, 12)}.... Run \`onestep tune ${modelFile}\`.`,
    );
  }
  return points;
}

/**
 * Adds a search to the time points beside a weight file, in one step: a kill leaves the old file or the new one. A search
 * with the same steps and metric is replaced; searches of other weights, and a file that is none, are dropped.
 *
 * @returns the path, and whether a file of other weights or a malformed one was replaced
 */
export async function writeTimePoints(
  modelFile: string,
  search: TimePointSearch,
): Promise<{ readonly path: string; readonly replaced: boolean }> {
  const path = timePointsPath(modelFile);
  let replaced = false;
  const old = await readTimePoints(modelFile).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    replaced = true;
    return undefined;
  });
  const kept = old?.searches.filter(({ steps, metric }) => steps !== search.steps || metric !== search.metric) ?? [];
  const points: TimePoints = { model: old?.model ?? (await sha256Of(modelFile)), searches: [...kept, search] };
  await writeWhole(path, `${JSON.stringify(points, null, 2)}\n`);
  return { path, replaced };
}

/**
 * The search that `--steps auto` uses: the newest one.
 *
 * @param options - `steps`: only searches with so many network calls
 */
export function chooseSearch(
  { searches }: TimePoints,
  { steps }: { readonly steps?: number | undefined } = {},
): TimePointSearch | undefined {
  return searches.filter((search) => steps === undefined || search.steps === steps).at(-1);
}

function parseTimePoints(place: string, text: string): TimePoints {
  const refuse = (what: string): UsageError =>
    new UsageError(`${place} holds no time points: ${what}. Delete it, then run \`onestep tune\`.`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON');
  }
  const { model, searches } = (isRecord(json) ? json : {}) as { readonly model?: unknown; readonly searches?: unknown };
  if (typeof model !== 'string' || !/^[0-9a-f]{64}$/.test(model)) throw refuse('model must be a SHA-256');
  if (!Array.isArray(searches)) throw refuse('searches must be a list');
  searches.forEach((search: unknown, i) => {
    const wrong = searchProblem(search);
    if (wrong !== undefined) throw refuse(`searches[${i}]${wrong}`);
  });
  return { model, searches: searches as TimePointSearch[] };
}

/** What is wrong with one search, or undefined. */
function searchProblem(search: unknown): string | undefined {
  if (!isRecord(search)) return ' must be an object';
  const { steps, sigmas, metric, value, seed, count, method } = search;
  const isInteger = (number: unknown, low: number): boolean =>
    Number.isSafeInteger(number) && (number as number) >= low;
  if (!isInteger(steps, 1)) return '.steps must be an integer >= 1';
  if (!Array.isArray(sigmas) || sigmas.length !== steps) return `.sigmas must list ${String(steps)} noise levels`;
  const levels: readonly unknown[] = sigmas;
  const isLevel = (sigma: unknown, i: number): boolean =>
    typeof sigma === 'number' && Number.isFinite(sigma) && sigma > 0 && (i === 0 || sigma < (levels[i - 1] as number));
  if (!levels.every(isLevel)) return '.sigmas must be > 0 and strictly decreasing';
  if (typeof metric !== 'string' || metric === '') return '.metric must be a name';
  if (typeof value !== 'number') return '.value must be a number';
  if (!isInteger(seed, 0)) return '.seed must be an integer >= 0';
  if (!isInteger(count, 1)) return '.count must be an integer >= 1';
  if (!searchMethods.some((known) => known === method)) return `.method must be one of ${searchMethods.join(', ')}`;
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
