import { badData } from '../internal/checks';
import type { PairsDescription } from './pairs';

/** What the metadata of a file of pairs say. */
export interface PairsMetadata extends Omit<PairsDescription, 'length' | 'shape'> {
  /** Hex SHA-256 over the pairs in order: noise, image, label. */
  readonly content: string;
}

const format = 'onestep-pairs';
const version = '1';
/** Longest name of a sampler. */
const maxSamplerName = 64;

/** The metadata as strings. */
export function encodePairsMetadata({ teacher, sampler, content, ...numbers }: PairsMetadata): Record<string, string> {
  const { steps, sigmaMax, seed, numClasses, guidanceScale = 1 } = numbers;
  return {
    format,
    version,
    teacher,
    sampler,
    content,
    steps: String(steps),
    sigmaMax: String(sigmaMax),
    seed: String(seed),
    numClasses: String(numClasses),
    // Files without guidance stay what they always were, byte for byte.
    ...(guidanceScale === 1 ? {} : { guidanceScale: String(guidanceScale) }),
  };
}

/**
 * Reads the metadata strictly.
 *
 * @throws OnestepError `bad-data-file` naming the first field that is missing or wrong
 */
export function parsePairsMetadata(path: string, metadata: Readonly<Record<string, string>>): PairsMetadata {
  if (metadata.format !== format) {
    throw badData(`openPairs: ${path} is no file of pairs: its metadata lack format "${format}".`, { path });
  }
  if (metadata.version !== version) {
    throw badData(
      `openPairs: ${path} has format version ${printed(metadata.version)}, this program reads ${version}. Make the pairs again.`,
      { path, version: metadata.version },
    );
  }
  const { steps, sigmaMax, seed, numClasses, teacher, sampler, content, guidanceScale } = metadata;
  const parsed = {
    teacher,
    sampler,
    content,
    steps: numberOf(steps),
    sigmaMax: numberOf(sigmaMax),
    seed: numberOf(seed),
    numClasses: numberOf(numClasses),
    ...(guidanceScale === undefined ? {} : { guidanceScale: numberOf(guidanceScale) }),
  };
  const problem = pairsMetadataProblem(parsed);
  if (problem !== undefined) throw badData(`openPairs: ${path}: ${problem}.`, { path });
  return parsed;
}

/** What is wrong with metadata, or undefined: `teacher must be ..., got ...`. */
export function pairsMetadataProblem(metadata: PairsMetadata): string | undefined {
  const { teacher, sampler, content, steps, sigmaMax, seed, numClasses, guidanceScale = 1 } = metadata;
  const isHash = (text: unknown): boolean => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
  const hash = '64 hexadecimal digits';
  const rules = [
    ['teacher', teacher, isHash(teacher), hash],
    [
      'sampler',
      sampler,
      typeof sampler === 'string' && sampler.length > 0 && sampler.length <= maxSamplerName,
      'a name',
    ],
    ['content', content, isHash(content), hash],
    ['steps', steps, Number.isSafeInteger(steps) && steps >= 1, 'an integer >= 1'],
    ['sigmaMax', sigmaMax, sigmaMax > 0 && sigmaMax < Infinity, '> 0'],
    ['seed', seed, Number.isSafeInteger(seed) && seed >= 0, 'an integer in [0, 2^53)'],
    ['numClasses', numClasses, Number.isSafeInteger(numClasses) && numClasses >= 0, 'an integer >= 0'],
    ['guidanceScale', guidanceScale, guidanceScale >= 0 && guidanceScale < Infinity, 'a finite number >= 0'],
  ] as const;
  const broken = rules.find(([, , holds]) => !holds);
  return broken && `${broken[0]} must be ${broken[3]}, got ${printed(broken[1])}`;
}

function numberOf(text: string | undefined): number {
  return text === undefined || text.trim() === '' ? Number.NaN : Number(text);
}

function printed(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
