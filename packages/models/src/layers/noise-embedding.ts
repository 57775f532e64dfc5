import type { Conditioning } from '@onestep/core';
import { tf, type Params, type Tensor } from '@onestep/tensor';
import type { ParamSpec } from '../params/param-spec';
import { linear, linearParams } from './linear';
import { silu } from './silu';
import { scaledSinusoids, type SinusoidOptions } from './timestep-embedding';

/** What the blocks of a network project: `[B, width]` each, already activated. */
export interface NoiseEmbedding {
  /** Of noise level and label. */
  readonly first: Tensor;
  /** Of the second time. */
  readonly second?: Tensor | undefined;
}

/**
 * Specs of the embedding of noise level and label: `time_embed.0`, `time_embed.2`, `label_emb` with classes, and
 * `time_embed_s.0`, `time_embed_s.2` with a second time.
 */
export function noiseEmbeddingParams(options: {
  readonly sinusoids: number;
  readonly width: number;
  readonly numClasses: number;
  readonly secondTime: boolean;
}): ParamSpec[] {
  const { sinusoids, width, numClasses, secondTime } = options;
  const table: ParamSpec = {
    name: 'label_emb.weight',
    shape: [numClasses, width],
    layout: 'table',
    init: { kind: 'normal' },
    positions: 1,
  };
  const twoLayers = (name: string): ParamSpec[] => [
    ...linearParams(`${name}.0`, { inChannels: sinusoids, outChannels: width }),
    ...linearParams(`${name}.2`, { inChannels: width, outChannels: width }),
  ];
  return [
    ...twoLayers('time_embed'),
    ...(numClasses > 0 ? [table] : []),
    ...(secondTime ? twoLayers('time_embed_s') : []),
  ];
}

/**
 * silu(MLP(sinusoids of cNoise) + labels table): what every block projects. An all-zero label row adds nothing.
 * A second time has an MLP of its own and no label.
 *
 * @see Kim et al. 2023, consistency trajectory models, for the second time
 */
export function noiseEmbedding(
  params: Params,
  conditioning: Pick<Conditioning, 'cNoise' | 'cNoise2' | 'labels'>,
  options: SinusoidOptions,
): NoiseEmbedding {
  const { cNoise, cNoise2, labels } = conditioning;
  const embed = (name: string, t: Tensor): Tensor =>
    linear(params, `${name}.2`, silu(linear(params, `${name}.0`, scaledSinusoids(t, options))));
  const time = embed('time_embed', cNoise);
  return {
    first: silu(labels === undefined ? time : tf.add(time, tf.matMul(labels, params['label_emb.weight']))),
    second: cNoise2 === undefined ? undefined : silu(embed('time_embed_s', cNoise2)),
  };
}

/** Specs of a block's projection `NAME` of the embedding, and of `SECOND`, that of the second time. */
export function projectionParams(
  [name, second]: readonly [name: string, second: string],
  options: { readonly inChannels: number; readonly outChannels: number; readonly secondTime: boolean },
): ParamSpec[] {
  return [...linearParams(name, options), ...(options.secondTime ? linearParams(second, options) : [])];
}

/** Projection of the embedding and, where there is a second time, the sum with that of its own. */
export function projectEmbedding(
  params: Params,
  [name, second]: readonly [name: string, second: string],
  embedding: NoiseEmbedding,
): Tensor {
  const projected = linear(params, name, embedding.first);
  return embedding.second === undefined ? projected : tf.add(projected, linear(params, second, embedding.second));
}
