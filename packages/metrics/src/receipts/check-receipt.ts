import { receiptVersion } from '../receipt';

type Check = (value: unknown) => boolean;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const whole: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const hash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const recordOf =
  (check: Check): Check =>
  (value) =>
    isRecord(value) && Object.values(value).every(check);
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && Object.entries(fields).every(([key, check]) => check(value[key]));

const uncertainties: Readonly<Record<string, Check>> = {
  bootstrap: object({
    lower: number,
    upper: number,
    confidence: number,
    resamples: whole,
    blocks: whole,
    seed: whole,
  }),
  spread: object({ std: number, over: text, count: whole }),
  'standard-error': object({ standardError: number, of: text }),
};

const fields: Readonly<Record<string, readonly [check: Check, expected: string]>> = {
  version: [oneOf(receiptVersion), String(receiptVersion)],
  metric: [text, 'a name'],
  value: [number, 'a finite number'],
  better: [oneOf('lower', 'higher', 'neither'), 'lower, higher or neither'],
  uncertainty: [
    optional((value) => isRecord(value) && (uncertainties[String(value.kind)]?.(value) ?? false)),
    'an interval or a spread',
  ],
  details: [optional(recordOf(number)), 'numbers by name'],
  samples: [whole, 'a whole number'],
  images: [optional(text), 'a text'],
  generator: [
    optional(
      object({
        sha256: hash,
        kind: text,
        sampler: text,
        sigmas: listOf(number),
        nfe: number,
        seed: whole,
        guidanceScale: optional(number),
        label: optional(whole),
      }),
    ),
    'a model with its sampling',
  ],
  reference: [
    optional(object({ id: text, samples: optional(whole), statisticsSha256: optional(hash) })),
    'an id, a count and a sha256',
  ],
  featureNetwork: [object({ name: text, sha256: hash }), 'a name and a sha256'],
  preprocessing: [text, 'a text'],
  quantisation: [text, 'a text'],
  options: [recordOf((value) => number(value) || text(value)), 'settings by name'],
  seed: [whole, 'a whole number'],
  floor: [optional(object({ value: number, id: text, samples: whole })), 'a value, an id and a count'],
  flags: [listOf(text), 'a list of texts'],
  software: [object({ name: text, version: text }), 'a name and a version'],
};

/** What is wrong with a receipt from a file: `value must be a finite number, got null`; undefined if nothing is. */
export function checkReceipt(receipt: unknown): string | undefined {
  if (!isRecord(receipt)) return 'must be an object';
  for (const [name, [check, expected]] of Object.entries(fields)) {
    if (!check(receipt[name])) {
      const found = receipt[name] === undefined ? 'nothing' : (JSON.stringify(receipt[name]) ?? '').slice(0, 60);
      return `${name} must be ${expected}, got ${found}`;
    }
  }
  const unknown = Object.keys(receipt).find((key) => !Object.hasOwn(fields, key));
  return unknown === undefined ? undefined : `${unknown.slice(0, 40)} is no field of a receipt`;
}
