// How DDPM++ and NCSN++ see noise level, label and augmentation. Source: Song et al. 2021, "Score-based generative modeling through SDEs", in the
// form of Karras et al. 2022 (NVlabs/edm, SongUNet).

import type { Conditioning } from '@onestep/core';
import { randomStream, tf, type Params, type Tensor } from '@onestep/tensor';
import { linear } from '../layers/linear';
import type { NoiseEmbedding } from '../layers/noise-embedding';
import { silu } from '../layers/silu';
import { weight } from '../params/weight';
import type { SongUnetConfig } from './config';

/** Longest period of the positional embedding, in radians. */
const maxPeriod = 10000;

/** 2 pi as the reference multiplies by it; a network trained at angles of thousands knows the difference. */
const fullTurn = Math.fround(2 * Math.PI);

/** Seed of the frequencies of a config that brings none. */
const frequencySeed = 0;

/** Frequencies of the `fourier` embedding in turns per unit of time; undefined for the other one. */
export function fourierFrequencies(config: SongUnetConfig): Float32Array | undefined {
  if (config.embedding !== 'fourier') return undefined;
  if (config.fourierFrequencies.length > 0) return Float32Array.from(config.fourierFrequencies);
  const count = (config.modelChannels * config.noiseMultiplier) / 2;
  return randomStream(frequencySeed, 'map_noise.freqs')
    .normal(count)
    .map((value) => value * config.fourierScale);
}

/**
 * Angular frequencies of the embedding: 2 pi f of the random ones, or 10000^(-j / (half - 1)), j = 0 ... half - 1, whose
 * last is 1e-4 exactly.
 */
export function angularFrequencies(config: SongUnetConfig): Float32Array {
  const half = (config.modelChannels * config.noiseMultiplier) / 2;
  const frequencies =
    fourierFrequencies(config)?.map((turns) => fullTurn * turns) ??
    Float32Array.from({ length: half }, (_, j) => maxPeriod ** (-j / (half - 1)));
  return frequencies.map((frequency) => frequency * config.embeddingScale);
}

/**
 * The vectors that blocks project: silu(L1 silu(L0 e)) with e = [sin | cos] of the noise level, plus linear maps of the
 * labels, scaled by sqrt(numClasses), and of the augmentation labels. A second time has an MLP of its own and no label.
 *
 * @remarks Absent labels count as all-zero rows, the unconditional label: the label map's bias is always added.
 * @see NVlabs/edm `training/networks.py`, SongUNet; Kim et al. 2023 for the second time
 */
export function songEmbedding(params: Params, conditioning: Conditioning, config: SongUnetConfig): NoiseEmbedding {
  const { cNoise, cNoise2, labels, augment } = conditioning;
  const frequencies = angularFrequencies(config);
  const row = tf.tensor2d(frequencies, [1, frequencies.length]);
  const sinusoids = (time: Tensor): Tensor => {
    const angles = tf.mul(tf.reshape(time, [-1, 1]), row);
    return tf.concat([tf.sin(angles), tf.cos(angles)], 1);
  };
  const mlp = (input: Tensor, suffix: string): Tensor =>
    silu(linear(params, `map_layer1${suffix}`, silu(linear(params, `map_layer0${suffix}`, input))));

  let first = sinusoids(cNoise);
  if (labels !== undefined) {
    const scaled = tf.mul(labels, Math.sqrt(config.numClasses));
    first = tf.add(first, tf.matMul(scaled, weight(params, 'map_label.weight')));
  }
  if (config.numClasses > 0) first = tf.add(first, weight(params, 'map_label.bias'));
  if (augment !== undefined) first = tf.add(first, tf.matMul(augment, weight(params, 'map_augment.weight')));
  return { first: mlp(first, ''), second: cNoise2 === undefined ? undefined : mlp(sinusoids(cNoise2), '_s') };
}
