import type { VectorSpace } from '@onestep/core';
import type { Model, SampleOptions, Sampler } from '../sampler';

/** Options of {@link edit}: those of the sampler, and what is known. */
export interface EditOptions<X> extends SampleOptions<X> {
  /** `multistep` for a consistency function (Algorithm 4), any sampler of denoisers for a denoiser. */
  readonly sampler: Sampler;
  /** Replaces the known components of an image by the known values; the result is new. */
  readonly merge: (x: X) => X;
  /** Options of the sampler, for example `{ sigmaMin: 0.002 }`. */
  readonly samplerOptions?: object | undefined;
}

/**
 * Zero-shot editing: samples with a model whose every estimate is clipped and then merged with what is known,
 * f'(x, sigma) = merge(clip f(x, sigma)).
 *
 * With `multistep` this is Algorithm 4 of the consistency-model paper; with an ODE or ancestral sampler it is the same
 * replacement on the denoiser's estimates. NFE: the sampler's.
 *
 * @param model - what the sampler accepts: a consistency function or a denoiser
 * @param x - the start at noise level `sigmas[0]`; stays the caller's. The paper's is known + sigmas[0] z
 * @returns a new vector with exactly the known components
 * @throws TypeError for a sampler of jumps: where a jump lands on the way is no image to merge with
 * @remarks The paper does not clip; its code does, before merging, and so does this with `clip: [-1, 1]`.
 * @see Song et al. 2023, Algorithm 4; for denoisers Wang et al. 2023 (DDNM), Eq. 13
 */
export async function edit<X>(model: Model<X>, x: X, options: EditOptions<X>): Promise<X> {
  const { sampler, merge, clip, samplerOptions, ...common } = options;
  if (sampler.accepts === 'jump') {
    throw new TypeError(
      `edit: sampler "${sampler.name}" is for jumps, which land on noised images; merging needs clean ones. ` +
        'Make a consistency function of the jump (consistencyFromJump) and use multistep.',
    );
  }
  const { space } = options;
  const result = await sampler.sample(merging(model, { space, merge, clip }), x, { ...samplerOptions, ...common });
  // Exactly the known components also where a sampler's last move ends beside the last estimate.
  try {
    return merge(result);
  } finally {
    space.dispose(result);
  }
}

/**
 * A model whose answers are clipped and merged; frees what lies between, also where the model answers later.
 *
 * @param options - as {@link edit}'s
 */
export function merging<X>(
  model: Model<X>,
  { space, merge, clip }: Pick<EditOptions<X>, 'merge' | 'clip'> & { readonly space: VectorSpace<X> },
): Model<X> {
  return (x, sigma, target) => {
    const finish = (output: X): X => {
      const image = clip === undefined ? output : space.clip(output, clip[0], clip[1]);
      try {
        return merge(image);
      } finally {
        if (image !== output) space.dispose(image);
        // A model may be the identity; its input is the sampler's.
        if (output !== x) space.dispose(output);
      }
    };
    const answer = model(x, sigma, target);
    return answer instanceof Promise ? answer.then(finish) : finish(answer);
  };
}
