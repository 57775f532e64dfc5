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
  /** Evaluates the model, clipped where the options say so. */
  readonly denoise: (x: X, sigma: number) => Promise<X>;
  /** The unit Gaussian draw of this step. */
  readonly draw: () => X;
}

/**
 * Walks down the noise levels, one call of `step` per interval, and looks after memory, clipping, draws and `onStep`,
 * so that a sampler is its formula alone.
 *
 * @param where - the sampler's name, for messages
 * @returns the last step's result; the caller frees it
 */
export async function walk<X>(
  where: string,
  model: Model<X>,
  start: X,
  { space, sigmas, noise, clip, onStep }: SampleOptions<X>,
  step: (step: Step<X>) => Promise<X>,
): Promise<X> {
  let x = start;
  for (let index = 0; index + 1 < sigmas.length; index += 1) {
    const arena = openArena(space);
    // A model may be the identity (a consistency function at sigmaMin): its input is not the arena's to free.
    const own = (vector: X): X => (vector === x ? vector : arena.own(vector));
    let first: Pick<StepState<X>, 'x' | 'sigma' | 'denoised'> | undefined;
    try {
      const next = await step({
        index,
        x,
        sigma: sigmas[index],
        sigmaNext: sigmas[index + 1],
        space: arena.space,
        async denoise(at, sigma) {
          const output = own(await evaluate(space, model, at, sigma));
          const denoised = clip === undefined ? output : arena.space.clip(output, clip[0], clip[1]);
          first ??= { x: at, sigma, denoised };
          return denoised;
        },
        draw() {
          if (noise === undefined) {
            throw new TypeError(
              `${where}: step ${index} adds noise, but options.noise is missing. Pass noise: (k) => draw k.`,
            );
          }
          return arena.own(noise(index));
        },
      });
      if (onStep !== undefined && first !== undefined) {
        await onStep({ index, ...first, sigmaNext: sigmas[index + 1], next });
      }
      // The caller's x must survive and the result must be new.
      const kept = next === start ? space.combine([1, next]) : arena.keep(next);
      if (x !== start && x !== kept) space.dispose(x);
      x = kept;
    } catch (error) {
      if (x !== start) space.dispose(x);
      throw error;
    } finally {
      arena.free();
    }
  }
  return x;
}

/** One call of the model; what a synchronous one leaves behind is freed. */
async function evaluate<X>(space: VectorSpace<X>, model: Model<X>, x: X, sigma: number): Promise<X> {
  let pending: Promise<X> | undefined;
  const output = space.scope(() => {
    const answer = model(x, sigma);
    if (!(answer instanceof Promise)) return answer;
    // A scope closes before a promise settles and must not be handed one.
    pending = answer;
    return undefined;
  });
  return pending ?? (output as X);
}
