import type { Conditioning } from '@onestep/core';
import { randomStream, tf, type Params, type Tensor } from '@onestep/tensor';
import { mpSilu, mpSum, sumWeights } from '../layers/magnitude-preserving';
import { mpLinear } from '../layers/mp-weights';
import type { NoiseEmbedding } from '../layers/noise-embedding';
import type { Edm2UnetConfig } from './config';

/** Seed of the features of a config that brings none. */
const featureSeed = 0;

/** Fixed numbers of the Fourier features cos(frequency t + phase). */
export interface FourierFeatures {
  /** Angular, per unit of time. */
  readonly frequencies: Float32Array;
  /** In [0, 2 pi). */
  readonly phases: Float32Array;
}

/** The features that a config brings, or those that every config without any has. */
export function fourierFeatures(config: Edm2UnetConfig): FourierFeatures {
  const { fourierFrequencies, fourierPhases, fourierScale } = config;
  if (fourierFrequencies.length > 0) {
    return { frequencies: Float32Array.from(fourierFrequencies), phases: Float32Array.from(fourierPhases) };
  }
  const count = config.modelChannels * config.noiseMultiplier;
  const draws = (name: string) => randomStream(featureSeed, name);
  return {
    frequencies: draws('emb_fourier.freqs')
      .normal(count)
      .map((value) => 2 * Math.PI * fourierScale * value),
    phases: draws('emb_fourier.phases')
      .uniform(count)
      .map((value) => 2 * Math.PI * value),
  };
}

/**
 * The vectors that blocks project: mpSilu(mpSum(noise(e), label(labels sqrt(numClasses)))) with the features
 * e = sqrt(2) cos(frequency t + phase), of unit magnitude. A second time has a layer of its own and no label.
 *
 * @remarks Absent labels count as all-zero rows, the unconditional label, which leave the noise level its own share.
 * @see Karras et al. 2024 (EDM2), Eq. 75 and Fig. 21; NVlabs/edm2 `training/networks_edm2.py`, UNet
 */
export function edm2Embedding(
  params: Params,
  conditioning: Conditioning,
  { config, features }: { readonly config: Edm2UnetConfig; readonly features: FourierFeatures },
): NoiseEmbedding {
  const { cNoise, cNoise2, labels } = conditioning;
  const { numClasses, labelBalance, embeddingScale } = config;
  const { frequencies, phases } = features;
  const count = frequencies.length;
  const slopes = tf.tensor2d(
    frequencies.map((frequency) => frequency * embeddingScale),
    [1, count],
  );
  const offsets = tf.tensor2d(phases, [1, count]);
  const featuresOf = (time: Tensor): Tensor => {
    const angles = tf.add(tf.mul(tf.reshape(time, [-1, 1]), slopes), offsets);
    return tf.mul(tf.cos(angles), Math.SQRT2);
  };

  let first = mpLinear(params, 'emb_noise', featuresOf(cNoise));
  if (labels !== undefined) {
    const label = mpLinear(params, 'emb_label', labels, Math.sqrt(numClasses));
    first = mpSum(first, label, labelBalance);
  } else if (numClasses > 0) {
    first = tf.mul(first, sumWeights(labelBalance)[0]);
  }
  return {
    first: mpSilu(first),
    second: cNoise2 === undefined ? undefined : mpSilu(mpLinear(params, 'emb_noise_s', featuresOf(cNoise2))),
  };
}
