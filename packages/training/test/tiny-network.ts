import { perImage, type Network } from '@onestep/core';
import {
  hostTensor,
  randomStream,
  recomputed,
  tf,
  toTensor,
  type HostTensor,
  type Params,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';

/**
 * F(x, c) = W2 silu(W1 x + u c + b1) + b2 on rows, with a dropout site after the activation and, if asked, a second time
 * whose weight is `u2` and augmentation labels. Its one block can be computed again in the backward pass.
 */
export function tinyNetwork({
  d = 2,
  hidden = 8,
  numClasses = 0,
  dropout = 0,
  secondTime = false,
  augmentChannels = 0,
} = {}): Network {
  const shapes: Record<string, number[]> = { b1: [hidden], b2: [d], u: [1, hidden], w1: [d, hidden], w2: [hidden, d] };
  if (numClasses > 0) shapes.labels = [numClasses, hidden];
  if (secondTime) shapes.u2 = [1, hidden];
  if (augmentChannels > 0) shapes.augment = [augmentChannels, hidden];
  return {
    name: 'tiny',
    config: { d, hidden, numClasses, dropout },
    shape: [d],
    numClasses,
    ...(secondTime ? { secondTime } : {}),
    ...(augmentChannels > 0 ? { augmentChannels } : {}),
    outputWeight: 'w2',
    paramShapes: shapes,
    init(rng) {
      const params: Record<string, ReturnType<typeof toTensor>> = {};
      for (const [name, shape] of Object.entries(shapes)) {
        const size = shape.reduce((a, b) => a * b, 1);
        const data = rng(name)
          .normal(size)
          .map((value) => 0.5 * value);
        params[name] = toTensor(hostTensor(data, shape));
      }
      return params;
    },
    apply(params, x, { cNoise, cNoise2, labels, augment, dropout: masks }, { recompute = false } = {}) {
      if (secondTime !== (cNoise2 !== undefined))
        throw new TypeError('tinyNetwork: second time missing or not wanted.');
      if (augment !== undefined && augmentChannels === 0)
        throw new TypeError('tinyNetwork: takes no augmentation labels.');
      const block = (own: Params, inputs: readonly Tensor[]) => {
        const [input, first, second] = inputs;
        let h = tf.add(
          tf.add(tf.matMul(input as Tensor2D, own.w1 as Tensor2D), tf.mul(perImage(first as Tensor1D, input), own.u)),
          own.b1,
        );
        if (secondTime) h = tf.add(h, tf.mul(perImage(second as Tensor1D, input), own.u2));
        if (labels !== undefined) h = tf.add(h, tf.matMul(labels, own.labels as Tensor2D));
        if (augment !== undefined) h = tf.add(h, tf.matMul(augment, own.augment as Tensor2D));
        let active = tf.mul(h, tf.sigmoid(h));
        if (masks?.hidden !== undefined) active = tf.mul(active, masks.hidden);
        return tf.add(tf.matMul(active as Tensor2D, own.w2 as Tensor2D), own.b2);
      };
      const inputs = cNoise2 === undefined ? [x, cNoise] : [x, cNoise, cNoise2];
      return tf.tidy(() => (recompute ? recomputed(block, params, inputs) : block(params, inputs)));
    },
    dropoutSites: (batch): Record<string, number[]> => (dropout > 0 ? { hidden: [batch, hidden] } : {}),
  };
}

/** A tensor as golden JSON files write it. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Golden MLP weights (`W1 [h, d]` and so on) as parameters of {@link tinyNetwork}'s form. */
export function goldenMlp(
  weights: Record<'W1' | 'u' | 'b1' | 'W2' | 'b2', GoldenTensor> & { readonly time_scale: number },
): {
  readonly network: Network;
  readonly params: Params;
  readonly names: readonly string[];
} {
  const network: Network = {
    name: 'golden-mlp',
    config: {},
    shape: [weights.b2.shape[0]],
    numClasses: 0,
    paramShapes: {},
    init: () => ({}),
    apply: (params, x, { cNoise }) =>
      tf.tidy(() => {
        const time = tf.mul(perImage(cNoise, x), weights.time_scale);
        const h = tf.add(
          tf.add(tf.matMul(x as Tensor2D, params.W1 as Tensor2D, false, true), tf.mul(time, params.u)),
          params.b1,
        );
        return tf.add(tf.matMul(tf.mul<Tensor2D>(h, tf.sigmoid(h)), params.W2 as Tensor2D, false, true), params.b2);
      }),
    dropoutSites: () => ({}),
  };
  const names = ['W1', 'u', 'b1', 'W2', 'b2'] as const;
  return { network, names, params: Object.fromEntries(names.map((name) => [name, goldenTensor(weights[name])])) };
}

/** Uploads a golden tensor as float32. */
export function goldenTensor({ shape, data }: GoldenTensor) {
  return toTensor(hostTensor(Float32Array.from(data), shape));
}

/**
 * Host batches of a two-dimensional ring of four points, with noise for methods that need pairs and, if asked, augmentation
 * labels, which say nothing; batch n always the same.
 */
export function ringBatches(batchSize: number, numClasses = 0, augmentChannels = 0) {
  return (
    batchNumber: number,
  ): { images: HostTensor; labels?: HostTensor; augment?: HostTensor; pairNoise: HostTensor } => {
    const data = new Float32Array(batchSize * 2);
    const labels = new Float32Array(batchSize * Math.max(1, numClasses));
    for (let i = 0; i < batchSize; i += 1) {
      const k = (batchNumber * 7 + i * 3 + ((i * i) >> 2)) % 4;
      data[2 * i] = 0.6 * Math.cos((Math.PI * k) / 2);
      data[2 * i + 1] = 0.6 * Math.sin((Math.PI * k) / 2);
      if (numClasses > 0) labels[i * numClasses + (k % numClasses)] = 1;
    }
    const images = hostTensor(data, [batchSize, 2]);
    const noise = randomStream(0, 'ring.pairs', batchNumber).normal(batchSize * 2);
    const augment = randomStream(0, 'ring.augment', batchNumber).normal(batchSize * augmentChannels);
    const pair = {
      images,
      pairNoise: hostTensor(noise, [batchSize, 2]),
      ...(augmentChannels > 0 ? { augment: hostTensor(augment, [batchSize, augmentChannels]) } : {}),
    };
    return numClasses > 0 ? { ...pair, labels: hostTensor(labels, [batchSize, numClasses]) } : pair;
  };
}
