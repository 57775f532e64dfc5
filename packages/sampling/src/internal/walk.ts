import type { VectorSpace } from '@onestep/core';
import type { Model, SampleOptions, StepState } from '../sampler';
import { openArena } from './arena';

/** What one step of a sampler works with. */
export interface Step<X> {
  readonly index: number;
  readonly x: X;
  readonly sigma: number;
  readonly sigmaNext: number;
  /** Vectors made through it are freed after the step, save the one the step returns. */
  readonly space: VectorSpace<X>;
  /** Evaluates a denoiser or consistency function, clipped where the options say so. */
  readonly denoise: (x: X, sigma: number) => Promise<X>;
  /** Evaluates a jump to level `target`; clipped, where the options say so, if that is an image (`target` is 0 or `isImage`). */
  readonly jump: (x: X, sigma: number, target: number, isImage?: boolean) => Promise<X>;
  /** Unit Gaussian draw `j` of this step, default 0. */
  readonly draw: (j?: number) => X;
  /** What the last steps remembered, newest first, at most {@link WalkSetup.memory} of them. */
  readonly past: readonly Remembered<X>[];
  /** Hands a vector of this step (a network's answer) to the next ones, which find it in {@link past}. */
  readonly remember: (value: X) => void;
  /** Ends the step at a level above `sigmaNext`; the next one goes on from there. */
  readonly stopAt: (sigma: number) => void;
}

/** A vector of an earlier step. */
export interface Remembered<X> {
  /** The level its step began at. */
  readonly sigma: number;
  readonly value: X;
}

/** What {@link walk} must know of a sampler; its name is for messages. */
export interface WalkSetup {
  readonly name: string;
  readonly drawsPerStep?: number | undefined;
  /** Remembered vectors that are kept, default 0. */
  readonly memory?: number | undefined;
}

/**
 * Walks down the noise levels, one call of `step` per interval, and looks after memory, clipping, draws, history and
 * `onStep`, so that a sampler is its formula alone.
 *
 * @returns the last step's result; the caller frees it
 */
export async function walk<X>(
  { name, drawsPerStep = 1, memory = 0 }: WalkSetup,
  model: Model<X>,
  start: X,
  { space, sigmas, noise, clip, onStep }: SampleOptions<X>,
  step: (step: Step<X>) => Promise<X>,
): Promise<X> {
  let x = start;
  const levels = [...sigmas];
  const past: Remembered<X>[] = [];
  // The start is the caller's; what x or the history still names is not yet free.
  const free = (vector: X): void => {
    if (vector !== start && vector !== x && past.every(({ value }) => value !== vector)) space.dispose(vector);
  };
  try {
    for (let index = 0; index + 1 < levels.length; index += 1) {
      const arena = openArena(space);
      // A model may be the identity (a consistency function at sigmaMin): its input is not the arena's to free.
      const own = (vector: X): X =>
        vector === x || past.some(({ value }) => value === vector) ? vector : arena.own(vector);
      let first: Pick<StepState<X>, 'x' | 'sigma' | 'denoised'> | undefined;
      let remembered: X | undefined;
      const call = async (at: X, sigma: number, target: number, isImage: boolean): Promise<X> => {
        const output = own(await evaluate(space, () => model(at, sigma, target)));
        const answer = clip === undefined || !isImage ? output : arena.space.clip(output, clip[0], clip[1]);
        first ??= { x: at, sigma, denoised: answer };
        return answer;
      };
      try {
        const next = await step({
          index,
          x,
          sigma: levels[index],
          sigmaNext: levels[index + 1],
          space: arena.space,
          past,
          denoise: (at, sigma) => call(at, sigma, 0, true),
          jump: (at, sigma, target, isImage = target === 0) => call(at, sigma, target, isImage),
          draw(j = 0) {
            if (noise === undefined) {
              throw new TypeError(
                `${name}: step ${index} adds noise, but options.noise is missing. Pass noise: (k) => draw k.`,
              );
            }
            return arena.own(noise(index * drawsPerStep + j));
          },
          remember(value) {
            remembered = value;
          },
          stopAt(sigma) {
            levels.splice(index + 1, 0, sigma);
          },
        });
        if (onStep !== undefined && first !== undefined) {
          await onStep({ index, ...first, sigmaNext: levels[index + 1], next });
        }
        // The caller's x must survive and the result must be new.
        const kept = next === start ? space.combine([1, next]) : arena.keep(next);
        const before = x;
        x = kept;
        if (remembered !== undefined && memory > 0)
          past.unshift({ sigma: levels[index], value: arena.keep(remembered) });
        const forgotten = past.splice(memory).map(({ value }) => value);
        new Set([before, ...forgotten]).forEach(free);
      } finally {
        arena.free();
      }
    }
  } catch (error) {
    const left = new Set([x, ...past.map(({ value }) => value)]);
    left.delete(start);
    left.forEach((vector) => space.dispose(vector));
    throw error;
  }
  const left = new Set(past.splice(0).map(({ value }) => value));
  left.forEach(free);
  return x;
}

/** One call of the model; what a synchronous one leaves behind is freed. */
async function evaluate<X>(space: VectorSpace<X>, call: () => X | Promise<X>): Promise<X> {
  let pending: Promise<X> | undefined;
  const output = space.scope(() => {
    const answer = call();
    if (!(answer instanceof Promise)) return answer;
    // A scope closes before a promise settles and must not be handed one.
    pending = answer;
    return undefined;
  });
  return pending ?? (output as X);
}
