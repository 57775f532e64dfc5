/** A tensor as the golden JSON files write it. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype: 'float64' | 'float32' | 'int32';
  readonly data: readonly number[];
}

/** Any parsed JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Thrown where a file does not have the documented form. */
export class MalformedCase extends Error {}

/** Whether a value is a plain object. */
export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a golden tensor. */
export function isTensor(value: unknown): value is GoldenTensor {
  return isRecord(value) && Array.isArray(value.shape) && Array.isArray(value.data) && typeof value.dtype === 'string';
}

/** JSON has no infinities: the files write them as strings. */
function finiteOrNot(value: unknown): unknown {
  return value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : value;
}

function numbersOf(key: string, values: readonly unknown[]): readonly number[] {
  return values.map((item, i) => {
    const value = finiteOrNot(item);
    if (typeof value !== 'number') throw new MalformedCase(`"${key}"[${i}] should be a number`);
    return value;
  });
}

/** Keys that some view of an object has looked up. */
const lookedUp = new WeakMap<Json, Set<string>>();

/** A typed view of one object of a golden file; every getter names the key it misses. */
export class Entry {
  constructor(readonly json: Json) {}

  /** Keys that no view of this object has asked for yet, which a runner that knows them all would have. */
  unread(): readonly string[] {
    return Object.keys(this.json).filter((key) => lookedUp.get(this.json)?.has(key) !== true);
  }

  /** The value, noted as read. */
  private value(key: string): unknown {
    const keys = lookedUp.get(this.json) ?? new Set<string>();
    lookedUp.set(this.json, keys.add(key));
    return this.json[key];
  }

  has(...keys: readonly string[]): boolean {
    return keys.every((key) => Object.hasOwn(this.json, key) && this.json[key] !== null);
  }

  /** A number; the strings "Infinity" and "-Infinity" are numbers here. */
  number(key: string): number {
    const value = finiteOrNot(this.json[key]);
    if (typeof value !== 'number') throw new MalformedCase(`"${key}" should be a number, got ${JSON.stringify(value)}`);
    return value;
  }

  numberOr(key: string, fallback: number): number {
    return this.has(key) ? this.number(key) : fallback;
  }

  text(key: string): string {
    const value = this.value(key);
    if (typeof value !== 'string') throw new MalformedCase(`"${key}" should be a string, got ${JSON.stringify(value)}`);
    return value;
  }

  textOr(key: string, fallback: string): string {
    return this.has(key) ? this.text(key) : fallback;
  }

  flag(key: string): boolean {
    const value = this.value(key);
    if (typeof value !== 'boolean') throw new MalformedCase(`"${key}" should be true or false`);
    return value;
  }

  flagOr(key: string, fallback: boolean): boolean {
    return this.has(key) ? this.flag(key) : fallback;
  }

  tensor(key: string): GoldenTensor {
    const value = this.value(key);
    if (!isTensor(value)) throw new MalformedCase(`"${key}" should be a tensor { shape, dtype, data }`);
    const size = value.shape.reduce((product, length) => product * length, 1);
    if (value.data.length !== size) {
      throw new MalformedCase(`"${key}" has ${value.data.length} values for the shape [${value.shape.join(', ')}]`);
    }
    return { ...value, data: numbersOf(key, value.data) };
  }

  /** The numbers of a tensor or of a plain array. */
  numbers(key: string): readonly number[] {
    const value = this.value(key);
    return Array.isArray(value) ? numbersOf(key, value) : this.tensor(key).data;
  }

  float64(key: string): Float64Array {
    return Float64Array.from(this.numbers(key));
  }

  /** Whether `cases` is a list of objects that all have these keys. */
  everyCaseHas(...keys: readonly string[]): boolean {
    const { cases } = this.json;
    if (!Array.isArray(cases) || cases.length === 0) return false;
    return cases.every((item) => isRecord(item) && new Entry(item).has(...keys));
  }

  entry(key: string): Entry {
    const value = this.value(key);
    if (!isRecord(value)) throw new MalformedCase(`"${key}" should be an object`);
    return new Entry(value);
  }

  entries(key: string): readonly Entry[] {
    const value = this.value(key);
    if (!Array.isArray(value) || !value.every(isRecord))
      throw new MalformedCase(`"${key}" should be a list of objects`);
    return value.map((item) => new Entry(item));
  }
}
