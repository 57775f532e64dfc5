import { nearestName, OnestepError } from '@onestep/tensor';
import { z } from 'zod';
import { methodNames, type MethodName } from './objective-schemas';
import { methodlessSchema, recipeSchemas, type Recipe } from './schema';

/** One thing wrong with a recipe. */
export interface RecipeProblem {
  /** Where, for example `optimizer.betas[1]`; empty for the whole recipe. */
  readonly path: string;
  /** What stands there; undefined where nothing does. */
  readonly value: unknown;
  /** What should: `must be < 1`, `unknown key`. */
  readonly rule: string;
  /** The known key nearest to an unknown one. */
  readonly nearest?: string | undefined;
}

/**
 * Checks a recipe and fills in its defaults.
 *
 * @param json - a parsed JSON value, from a file or written in a program
 * @throws {@link OnestepError} `invalid-recipe` with every problem at once: in the message, and as
 * `details.problems` ({@link RecipeProblem})
 */
export function parseRecipe(json: unknown): Recipe {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  const method: unknown = isObject && 'method' in json ? json.method : undefined;
  const known: MethodName | undefined = methodNames.find((candidate) => candidate === method);
  const schema = known === undefined ? methodlessSchema : recipeSchemas[known];
  const result = schema.safeParse(json);
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => describe(issue, json, schema));
  if (known === undefined && isObject) {
    problems.unshift({
      path: 'method',
      value: method,
      rule: `must be one of ${methodNames.join(', ')}`,
      nearest: typeof method === 'string' ? nearestName(method, methodNames) : undefined,
    });
  }
  if (problems.length > 0 || !result.success) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    throw new OnestepError('invalid-recipe', `parseRecipe: ${count}:\n${problems.map(line).join('\n')}`, {
      details: { problems },
    });
  }
  return result.data as Recipe;
}

/** `  optimizer.betas[1]: must be < 1, got 1.5.` */
function line({ path, value, rule, nearest }: RecipeProblem): string {
  const got = rule === 'unknown key' ? '' : value === undefined ? ', but is missing' : `, got ${show(value)}`;
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  return `  ${path === '' ? 'recipe' : path}: ${rule}${got}.${hint}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

type Path = readonly PropertyKey[];

function describe(issue: z.core.$ZodIssue, json: unknown, schema: z.ZodType): RecipeProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const keys = knownKeys(schema, issue.path);
    return issue.keys.map((key) => ({
      path: showPath([...issue.path, key]),
      value: valueAt(json, [...issue.path, key]),
      rule: 'unknown key',
      nearest: nearestName(key, keys),
    }));
  }
  const value = valueAt(json, issue.path);
  if (issue.code === 'invalid_union' && typeof value === 'object' && value !== null) {
    // Of the forms a value may have, the one that got past the outermost check says what is wrong inside.
    const inside = issue.errors.find((branch) => branch.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys')); // prettier-ignore
    const issues = (inside ?? []).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
    if (issues.length > 0) return issues.flatMap((inner) => describe(inner, json, schema));
  }
  return [{ path: showPath(issue.path), value, rule: ruleOf(issue) }];
}

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return `must have at least ${issue.minimum} entries`;
      return `must be ${issue.inclusive === false ? '>' : '>='} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string' || issue.origin === 'array') return `must have at most ${issue.maximum} entries`;
      return `must be ${issue.inclusive === false ? '<' : '<='} ${issue.maximum}`;
    case 'invalid_type':
      return `must be ${issue.expected === 'int' ? 'an integer' : withArticle(issue.expected)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return issue.message;
    default:
      return issue.message;
  }
}

const withArticle = (noun: string): string => (/^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`);

function showPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

function valueAt(json: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    json,
  );
}

/** Keys the object schema at `path` knows. */
function knownKeys(schema: z.core.$ZodType, path: Path): string[] {
  let current: z.core.$ZodType = unwrap(schema);
  for (const key of path) {
    if (current instanceof z.ZodObject) current = unwrap(current.shape[String(key)] as z.core.$ZodType);
    else if (current instanceof z.ZodArray) current = unwrap(current.element);
    else return [];
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

/** The schema under defaults and options. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap());
  }
  return schema;
}
