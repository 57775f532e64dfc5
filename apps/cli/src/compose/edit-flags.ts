import type { EditingTask } from '@onestep/sampling';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../errors';
import type { EngineFlags } from './engine';

/** Everything that `onestep edit` may be told. */
export interface EditFlags extends EngineFlags {
  readonly image: readonly string[];
  readonly mask?: string;
  readonly margins?: readonly [top: number, right: number, bottom: number, left: number];
  readonly factor?: number;
  readonly sigma?: number;
  readonly strength?: number;
  readonly steps?: number;
  readonly sigmas?: readonly number[];
  readonly encode?: 'noise' | 'invert';
  readonly seeds?: readonly [SampledImage, SampledImage];
  readonly seed: number;
  readonly count?: number;
  readonly label?: number;
  readonly guidanceScale?: number;
  readonly batchSize: number;
  readonly resize: boolean;
  readonly grayscale: boolean;
  readonly weights?: string;
  readonly out: string;
  readonly sheet?: string;
  readonly json: boolean;
}

/** Image `index` of `onestep sample --seed seed`. */
export interface SampledImage {
  readonly seed: number;
  readonly index: number;
}

/** Flags that some tasks have no use for, and the tasks that have. */
const usedBy = {
  mask: ['inpaint'],
  margins: ['outpaint'],
  factor: ['super-resolve'],
  sigma: ['denoise'],
  strength: ['stroke', 'variations', 'interpolate'],
  steps: ['inpaint', 'outpaint', 'colorize', 'super-resolve', 'stroke', 'variations', 'interpolate'],
  sigmas: ['inpaint', 'outpaint', 'colorize', 'super-resolve', 'stroke', 'variations', 'interpolate'],
  encode: ['interpolate'],
  seeds: ['interpolate'],
  count: ['inpaint', 'outpaint', 'colorize', 'super-resolve', 'stroke', 'variations', 'interpolate'],
} as const satisfies Partial<Record<keyof EditFlags, readonly EditingTask[]>>;

/**
 * Refuses flags that the task has no use for, that exclude each other, or that are missing.
 *
 * @throws UsageError naming the flag
 */
export function checkEditFlags(task: EditingTask, flags: EditFlags): void {
  for (const [name, tasks] of Object.entries(usedBy) as [keyof typeof usedBy, readonly EditingTask[]][]) {
    if (flags[name] !== undefined && !tasks.includes(task)) {
      throw new UsageError(
        `--${name}: ${task} has no use for it (${tasks.join(', ')} ${tasks.length === 1 ? 'has' : 'have'}). Leave it out.`,
      );
    }
  }
  const excluding: readonly (readonly (keyof EditFlags)[])[] = [
    ['steps', 'sigmas'],
    ['strength', 'sigmas'],
    ['strength', 'seeds'],
    ['encode', 'seeds'],
  ];
  for (const [one, other] of excluding) {
    if (flags[one] !== undefined && flags[other] !== undefined)
      throw new UsageError(`Pass either --${one} or --${other}.`);
  }
  if (flags.encode === 'invert' && flags.strength !== undefined) {
    throw new UsageError('--strength: inverted images have all noise there is. Leave it out, or pass --encode noise.');
  }
  if (task === 'outpaint' && flags.margins === undefined) {
    throw new UsageError(
      '--margins: outpaint needs them, for example --margins 8 or --margins 0,14,0,0 (top, right, bottom, left).',
    );
  }
  checkImages(task, flags);
}

function checkImages(task: EditingTask, { image, seeds, count }: EditFlags): void {
  if (task !== 'interpolate') {
    if (image.length !== 1) throw new UsageError(`--image: ${task} takes one image, got ${image.length}.`);
    return;
  }
  if ((seeds === undefined) === (image.length === 0) || (seeds === undefined && image.length !== 2)) {
    throw new UsageError(
      `interpolate needs two images (--image A --image B) or --seeds A,B, got ${image.length} images${seeds === undefined ? '' : ' and --seeds'}.`,
    );
  }
  if (count !== undefined && count < 2) {
    throw new UsageError(`--count: interpolate makes both ends and what lies between, so at least 2, got ${count}.`);
  }
}

/** Parses `8` or `top,right,bottom,left`. */
export function margins(text: string): [number, number, number, number] {
  const sides = text.split(',').map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
  const [top, right = top, bottom = top, left = top] = sides;
  if ((sides.length !== 1 && sides.length !== 4) || sides.some(Number.isNaN) || sides.every((side) => side === 0)) {
    throw new InvalidArgumentError('Expected pixels for all sides, or top,right,bottom,left; one of them above 0.');
  }
  return [top, right, bottom, left];
}

/** Parses `A,B`, where each is a seed or `seed:image`. */
export function twoSeeds(text: string): [SampledImage, SampledImage] {
  const ends = text.split(',').map((part) => /^\s*(\d+)(?::(\d+))?\s*$/.exec(part));
  const [from, to] = ends.map((match) => ({ seed: Number(match?.[1]), index: Number(match?.[2] ?? 0) }));
  if (
    ends.length !== 2 ||
    ends.includes(null) ||
    ![from, to].every(({ seed, index }) => Number.isSafeInteger(seed + index))
  ) {
    throw new InvalidArgumentError('Expected two seeds A,B, or two images of seeds such as 0:5,0:9.');
  }
  return [from, to];
}
