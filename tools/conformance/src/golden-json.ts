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

/** A typed view of one object of a golden file; every getter names the key it misses. */
export class Entry {
  constructor(readonly json: Json) {}

  has(...keys: readonly string[]): boolean {
    return keys.every((key) => Object.hasOwn(this.json, key) && this.json[key] !== null);
  }

  /** A number; the strings "Infinity" and "-Infinity" are numbers here. */
  number(key: string): number {
    const value = this.json[key];
    if (value === 'Infinity') return Infinity;
    if (value === '-Infinity') return -Infinity;
    if (typeof value !== 'number') throw new MalformedCase(`"${key}" should be a number, got ${JSON.stringify(value)}`);
    return value;
  }

  numberOr(key: string, fallback: number): number {
    return this.has(key) ? this.number(key) : fallback;
  }

  text(key: string): string {
    const value = this.json[key];
    if (typeof value !== 'string') throw new MalformedCase(`"${key}" should be a string, got ${JSON.stringify(value)}`);
    return value;
  }

  flag(key: string): boolean {
    const value = this.json[key];
    if (typeof value !== 'boolean') throw new MalformedCase(`"${key}" should be true or false`);
    return value;
  }

  tensor(key: string): GoldenTensor {
    const value = this.json[key];
    if (!isTensor(value)) throw new MalformedCase(`"${key}" should be a tensor { shape, dtype, data }`);
    const size = value.shape.reduce((product, length) => product * length, 1);
    if (value.data.length !== size) {
      throw new MalformedCase(`"${key}" has ${value.data.length} values for the shape [${value.shape.join(', ')}]`);
    }
    return value;
  }

  /** The numbers of a tensor or of a plain array. */
  numbers(key: string): readonly number[] {
    const value = this.json[key];
    if (Array.isArray(value)) {
      value.forEach((item, i) => {
        if (typeof item !== 'number') throw new MalformedCase(`"${key}"[${i}] should be a number`);
      });
      return value as readonly number[];
    }
    return this.tensor(key).data;
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
    const value = this.json[key];
    if (!isRecord(value)) throw new MalformedCase(`"${key}" should be an object`);
    return new Entry(value);
  }

  entries(key: string): readonly Entry[] {
    const value = this.json[key];
    if (!Array.isArray(value) || !value.every(isRecord))
      throw new MalformedCase(`"${key}" should be a list of objects`);
    return value.map((item) => new Entry(item));
  }
}
