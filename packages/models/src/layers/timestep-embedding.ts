import { tf, type Params, type Tensor } from '@onestep/tensor';
import type { ParamSpec } from '../params/param-spec';
import { linear, linearParams } from './linear';
import { silu } from './silu';

/**
 * Sinusoids of a scalar: [cos(f_j t) | sin(f_j t)], f_j = maxPeriod^(-j / (width / 2)), j = 0 ... width / 2 - 1.
 *
 * @param t - `[B]`, the network's noise embedding input
 * @param width - even
 * @returns `[B, width]`
 */
export function timestepEmbedding(t: Tensor, width: number, maxPeriod = 10000): Tensor {
  const half = width / 2;
  const frequencies = Float32Array.from({ length: half }, (_, j) => Math.exp((-Math.log(maxPeriod) * j) / half));
  const angles = tf.mul(tf.reshape(t, [-1, 1]), tf.tensor2d(frequencies, [1, half]));
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1);
}

/** Specs of the embedding of noise level and label: `time_embed.0`, `time_embed.2`, and `label_emb` with classes. */
export function noiseEmbeddingParams(options: {
  readonly sinusoids: number;
  readonly width: number;
  readonly numClasses: number;
}): ParamSpec[] {
  const { sinusoids, width, numClasses } = options;
  const table: ParamSpec = {
    name: 'label_emb.weight',
    shape: [numClasses, width],
    layout: 'table',
    init: { kind: 'normal' },
    positions: 1,
  };
  return [
    ...linearParams('time_embed.0', { inChannels: sinusoids, outChannels: width }),
    ...linearParams('time_embed.2', { inChannels: width, outChannels: width }),
    ...(numClasses > 0 ? [table] : []),
  ];
}

/**
 * silu(MLP(sinusoids of cNoise) + labels table): what every block projects. An all-zero label row adds nothing.
 *
 * @returns `[B, width]`
 */
export function noiseEmbedding(
  params: Params,
  { cNoise, labels }: { readonly cNoise: Tensor; readonly labels?: Tensor | undefined },
  sinusoids: number,
): Tensor {
  const hidden = silu(linear(params, 'time_embed.0', timestepEmbedding(cNoise, sinusoids)));
  const time = linear(params, 'time_embed.2', hidden);
  return silu(labels === undefined ? time : tf.add(time, tf.matMul(labels, params['label_emb.weight'])));
}
