import { OnestepError } from '@onestep/tensor';
import { suggestion } from './suggestion';

/** One key of a config: its default (none: required) and what it must be. */
export interface Field<T> {
  readonly fallback?: T;
  /** The rule as it is printed, for example `an integer >= 1`. */
  readonly rule: string;
  readonly accepts: (value: unknown) => boolean;
}

/** One {@link Field} per key of a config. */
export type Fields<Config> = { readonly [K in keyof Config]: Field<Config[K]> };

/**
 * Checks a config from outside (a file, a recipe) and fills in its defaults.
 *
 * @param where - what the message begins with
 * @param given - the config as read
 * @param fields - the known keys
 * @param relations - rules between keys, asked only once every key is valid by itself; each returns a problem or nothing
 * @throws {@link OnestepError} `invalid-model` with all problems at once
 */
export function resolveConfig<Config extends object>(
  where: string,
  given: unknown,
  fields: Fields<Config>,
  relations: (config: Config) => readonly (string | undefined)[] = () => [],
): Config {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new OnestepError('invalid-model', `${where}: the config must be an object, got ${print(given)}.`);
  }
  const known = Object.keys(fields) as (keyof Config & string)[];
  const entries = new Map<string, unknown>(Object.entries(given).filter(([, value]) => value !== undefined));
  const problems = [...entries.keys()]
    .filter((key) => !(known as string[]).includes(key))
    .map((key) => `unknown key "${key}". ${suggestion(key, known)}`);
  const config: Record<string, unknown> = {};
  for (const key of known) {
    const { fallback, rule, accepts } = fields[key];
    const value = entries.has(key) ? entries.get(key) : fallback;
    if (value === undefined) problems.push(`${key} is missing; it must be ${rule}.`);
    else if (!accepts(value)) problems.push(`${key} must be ${rule}, got ${print(value)}.`);
    config[key] = value;
  }
  if (problems.length === 0) {
    for (const problem of relations(config as Config)) if (problem !== undefined) problems.push(problem);
  }
  if (problems.length > 0) {
    throw new OnestepError('invalid-model', `${where}: ${problems.join(' ')}`, { details: { problems } });
  }
  return config as Config;
}

/** Fills in `outChannels` with the last side of `shape`, where the config has the one and not the other. */
export function withOutChannels(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || !('shape' in given) || !Array.isArray(given.shape)) return given;
  const outChannels: unknown = 'outChannels' in given ? given.outChannels : undefined;
  return { ...given, outChannels: outChannels ?? (given.shape as unknown[]).at(-1) };
}

const isCount = (value: unknown, min: number): boolean => Number.isInteger(value) && (value as number) >= min;

/** An integer of at least `min`. */
export function integerField(min: number, fallback?: number): Field<number> {
  return { ...optional(fallback), rule: `an integer >= ${min}`, accepts: (value) => isCount(value, min) };
}

/** A number in [low, high). */
export function numberField(low: number, high: number, fallback?: number): Field<number> {
  const accepts = (value: unknown): boolean => typeof value === 'number' && value >= low && value < high;
  return { ...optional(fallback), rule: `a number in [${low}, ${high})`, accepts };
}

/** A finite number above 0. */
export function positiveField(fallback?: number): Field<number> {
  const accepts = (value: unknown): boolean => typeof value === 'number' && value > 0 && value < Infinity;
  return { ...optional(fallback), rule: 'a number > 0', accepts };
}

/** True or false. */
export function booleanField(fallback?: boolean): Field<boolean> {
  return { ...optional(fallback), rule: 'true or false', accepts: (value) => typeof value === 'boolean' };
}

/** A list of integers of at least 1, with a length in [minLength, maxLength]. */
export function integersField(
  minLength: number,
  maxLength: number,
  fallback?: readonly number[],
): Field<readonly number[]> {
  const length = minLength === maxLength ? `${minLength}` : `${minLength} to ${maxLength}`;
  const accepts = (value: unknown): boolean =>
    Array.isArray(value) &&
    value.length >= minLength &&
    value.length <= maxLength &&
    value.every((item) => isCount(item, 1));
  return { ...optional(fallback), rule: `a list of ${length} integers >= 1`, accepts };
}

/** A list of 1 to `maxLength` numbers above 0. */
export function positivesField(maxLength: number, fallback?: readonly number[]): Field<readonly number[]> {
  const accepts = (value: unknown): boolean =>
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= maxLength &&
    value.every((item) => typeof item === 'number' && item > 0 && item < Infinity);
  return { ...optional(fallback), rule: `a list of 1 to ${maxLength} numbers > 0`, accepts };
}

/** A list of finite numbers. */
export function numbersField(fallback?: readonly number[]): Field<readonly number[]> {
  const accepts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => Number.isFinite(item));
  return { ...optional(fallback), rule: 'a list of numbers', accepts };
}

/** One of a few values. */
export function choiceField<T extends string | number>(choices: readonly T[], fallback?: T): Field<T> {
  const accepts = (value: unknown): boolean => (choices as readonly unknown[]).includes(value);
  return { ...optional(fallback), rule: `one of ${choices.join(', ')}`, accepts };
}

function optional<T>(fallback: T | undefined): { readonly fallback?: T } {
  return fallback === undefined ? {} : { fallback };
}

function print(value: unknown): string {
  const text = (JSON.stringify(value) as string | undefined) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
