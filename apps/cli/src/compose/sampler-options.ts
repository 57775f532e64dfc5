import { UsageError } from '../errors';

/** What an option of a sampler takes: a number, a whole one, yes or no, three numbers, or one of some words. */
type OptionKind = 'number' | 'integer' | 'boolean' | 'three numbers' | readonly string[];

type OptionKinds = Readonly<Record<string, OptionKind>>;

/** A value as a sampler takes it. */
export type OptionValue = number | boolean | string | readonly number[];

const churn = { sChurn: 'number', sMin: 'number', sMax: 'number', sNoise: 'number' } as const satisfies OptionKinds;
const ancestral = { eta: 'number', sNoise: 'number' } as const satisfies OptionKinds;
const curvature = ['released', 'exact'] as const;
const solverType = ['midpoint', 'heun'] as const;
const multistepOrder = {
  order: 'integer',
  lowerOrderFinal: 'boolean',
  curvature,
  solverType,
} as const satisfies OptionKinds;

/** Options that can be written on a command line, of every sampler that has some; ranges are the sampler's to check. */
const optionKinds: Readonly<Record<string, OptionKinds>> = {
  ctm: { gamma: 'number', sigmaMin: 'number' },
  ddim: ancestral,
  ddpm: { variance: ['small', 'large'], sNoise: 'number' },
  deis: { variant: ['tab', 'rhoab'], order: 'integer' },
  'dpm-solver-2': { ...churn, midpoint: ['geometric', 'karras'], r: 'number' },
  'dpm-solver-2-ancestral': ancestral,
  'dpm-solver-3': { r1: 'number', r2: 'number' },
  'dpm-solver-adaptive': {
    ...ancestral,
    order: 'integer',
    relativeTolerance: 'number',
    absoluteTolerance: 'number',
    initialStep: 'number',
    pid: 'three numbers',
    acceptSafety: 'number',
    maxNfe: 'integer',
  },
  'dpm-solver-fast': { ...ancestral, nfe: 'integer', maxOrder: 'integer' },
  'dpm-solver-multistep': multistepOrder,
  'dpmpp-2m-sde': { ...ancestral, solverType },
  'dpmpp-2s': { r: 'number' },
  'dpmpp-2s-ancestral': ancestral,
  'dpmpp-3m-sde': { ...ancestral, curvature },
  'dpmpp-3s': { r1: 'number', r2: 'number' },
  'dpmpp-multistep': multistepOrder,
  'dpmpp-sde': { ...ancestral, r: 'number' },
  'edm-ablation': {
    ...churn,
    schedule: ['linear', 've', 'vp'],
    scaling: ['schedule', 'vp', 'none'],
    solver: ['heun', 'euler'],
    alpha: 'number',
  },
  euler: churn,
  'euler-ancestral': ancestral,
  heun: churn,
  ipndm: { order: 'integer' },
  lms: { order: 'integer' },
  multistep: { renoise: ['paper', 'ect'], sigmaMin: 'number' },
  'predictor-corrector': { predictor: ['reverse-diffusion', 'ancestral'], correctorSteps: 'integer', snr: 'number' },
  scm: { sigmaData: 'number' },
  unipc: {
    order: 'integer',
    bFunction: ['bh1', 'bh2'],
    predict: ['data', 'noise'],
    lowerOrderFinal: 'boolean',
    correctFinal: 'boolean',
  },
};

/** Names of a sampler's options, and what each takes. */
export function samplerOptionKinds(sampler: string): OptionKinds {
  return Object.hasOwn(optionKinds, sampler) ? optionKinds[sampler] : {};
}

/** An option's kind in words. */
export function describeKind(kind: OptionKind): string {
  return typeof kind === 'string' ? kind : kind.join('|');
}

/**
 * Reads `key=value` pairs as the options of a sampler.
 *
 * @throws UsageError if a pair is malformed, given twice, unknown to the sampler or of another kind
 */
export function parseSamplerOptions(sampler: string, pairs: readonly string[]): Readonly<Record<string, OptionValue>> {
  const kinds = samplerOptionKinds(sampler);
  const options: Record<string, OptionValue> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`--sampler-option: expected key=value, got "${pair}".`);
    const [key, text] = [pair.slice(0, at), pair.slice(at + 1)];
    if (!Object.hasOwn(kinds, key)) {
      const known = Object.entries(kinds).map(([name, kind]) => `${name} (${describeKind(kind)})`);
      throw new UsageError(
        `--sampler-option: ${sampler} has no option "${key}"${known.length === 0 ? '; it takes none' : `, known are ${known.join(', ')}`}.`,
      );
    }
    if (Object.hasOwn(options, key)) throw new UsageError(`--sampler-option: ${key} is given twice.`);
    const value = parseValue(kinds[key], text);
    if (value === undefined) {
      const expected = typeof kinds[key] === 'string' ? kinds[key] : `one of ${kinds[key].join(', ')}`;
      throw new UsageError(`--sampler-option: ${key} of ${sampler} takes ${expected}, got "${text}".`);
    }
    options[key] = value;
  }
  return options;
}

function parseValue(kind: OptionKind, text: string): OptionValue | undefined {
  if (typeof kind !== 'string') return kind.includes(text) ? text : undefined;
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!numbers.every(Number.isFinite)) return undefined;
  if (kind === 'three numbers') return numbers.length === 3 ? numbers : undefined;
  return numbers.length === 1 && (kind === 'number' || Number.isInteger(numbers[0])) ? numbers[0] : undefined;
}
