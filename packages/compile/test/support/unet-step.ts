import {
  hostTensor,
  mapParams,
  randomStream,
  tf,
  valueAndGrads,
  type HostTensor,
  type Params,
  type StepFunction,
  type Tensor,
  type Tensor4D,
} from '@onestep/tensor';

const channels = 8;
const groups = 2;

/** Parameter shapes of a U-Net with one level below the first, attention there, and a strided convolution between. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  'in.w': [3, 3, 1, channels],
  'emb.w': [4, 2 * channels],
  'block0.norm': [channels],
  'block0.conv0': [3, 3, channels, channels],
  'block0.emb': [2 * channels, channels],
  'block0.conv1': [3, 3, channels, channels],
  'down.w': [3, 3, channels, 2 * channels],
  'mid.norm': [2 * channels],
  'mid.qkv': [2 * channels, 6 * channels],
  'mid.proj': [2 * channels, 2 * channels],
  'up.w': [1, 1, 3 * channels, channels],
  'out.norm': [channels],
  'out.w': [3, 3, channels, 1],
};

const silu = (x: Tensor): Tensor => tf.mul(x, tf.sigmoid(x));

/** Group norm by the moments of channels and a small mix over groups, as the networks of the repository write it. */
function groupNorm(x: Tensor, gain: Tensor): Tensor {
  const [batch, , , width] = x.shape as [number, number, number, number];
  const grouped = [batch, groups, width / groups];
  const mean = tf.mean(tf.reshape(tf.mean(x, [1, 2]), grouped), 2, true);
  const square = tf.mean(tf.reshape(tf.mean(tf.square(x), [1, 2]), grouped), 2, true);
  const scale = tf.rsqrt(tf.add(tf.sub(square, tf.square(mean)), 1e-5));
  const spread = (t: Tensor): Tensor => tf.reshape(tf.mul(t, tf.ones(grouped)), [batch, 1, 1, width]);
  return tf.add(tf.mul(x, tf.mul(spread(scale), gain)), spread(tf.neg(tf.mul(mean, scale))));
}

const conv = (x: Tensor, w: Tensor, stride = 1): Tensor => tf.conv2d(x as Tensor4D, w as Tensor4D, stride, 'same');

function attention(p: Params, x: Tensor): Tensor {
  const [batch, height, width, depth] = x.shape as [number, number, number, number];
  const flat = tf.reshape(groupNorm(x, p['mid.norm']), [-1, depth]);
  const [q, k, v] = tf
    .split(tf.matMul(flat, p['mid.qkv']), 3, 1)
    .map((part) => tf.transpose(tf.reshape(part, [batch, height * width, 2, depth / 2]), [0, 2, 1, 3]));
  const heard = tf.matMul(tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(depth / 2))), v);
  const merged = tf.reshape(tf.transpose(heard, [0, 2, 1, 3]), [-1, depth]);
  return tf.add(x, tf.reshape(tf.matMul(merged, p['mid.proj']), x.shape));
}

/** A raw network over `[B, H, W, 1]` conditioned on sigma. */
export function network(p: Params, x: Tensor, sigma: Tensor): Tensor {
  const angle = tf.reshape(tf.log(sigma), [-1, 1]);
  const emb = silu(tf.matMul(tf.concat([tf.sin(angle), tf.cos(angle), angle, tf.onesLike(angle)], 1), p['emb.w']));
  const skip = conv(x, p['in.w']);
  let y = conv(silu(groupNorm(skip, p['block0.norm'])), p['block0.conv0']);
  y = tf.add(y, tf.reshape(tf.matMul(emb, p['block0.emb']), [-1, 1, 1, channels]));
  y = tf.add(skip, conv(silu(y), p['block0.conv1']));
  let low = attention(p, conv(y, p['down.w'], 2));
  const [, height, width, depth] = low.shape as [number, number, number, number];
  const wide = tf.tile(tf.reshape(low, [-1, depth]), [1, 2]);
  low = tf.reshape(tf.tile(tf.reshape(wide, [-1, 2 * width * depth]), [1, 2]), [-1, 2 * height, 2 * width, depth]);
  y = conv(tf.concat([low, y], 3), p['up.w']);
  return conv(silu(groupNorm(y, p['out.norm'])), p['out.w']);
}

/** A consistency training step: student and target forward, pseudo-Huber, gradients, Adam, EMA. */
export const trainStep: StepFunction = (state, _frozen, { x, noise, sigma, sigma2, learningRate, step }) => {
  const perImage = (s: Tensor): Tensor => tf.reshape(s, [-1, 1, 1, 1]);
  const denoise = (p: Params, image: Tensor, s: Tensor): Tensor => {
    const cIn = tf.rsqrt(tf.add(tf.square(s), 0.25));
    return tf.add(
      tf.mul(image, perImage(tf.div(0.25, tf.add(tf.square(s), 0.25)))),
      tf.mul(network(p, tf.mul(image, perImage(cIn)), s), perImage(cIn)),
    );
  };
  const target = denoise(state.student, tf.add(x, tf.mul(noise, perImage(sigma2))), sigma2);
  const { value, grads } = valueAndGrads((p) => {
    const difference = tf.sub(denoise(p, tf.add(x, tf.mul(noise, perImage(sigma))), sigma), target);
    return tf.mean<tf.Scalar>(tf.sub(tf.sqrt(tf.add(tf.sum(tf.square(difference), [1, 2, 3]), 1e-2)), 0.1));
  }, state.student);
  const decayed = (old: Tensor, rate: number, now: Tensor): Tensor => tf.add(tf.mul(old, rate), tf.mul(now, 1 - rate));
  const m = mapParams(grads, (grad, name) => decayed(state.m[name], 0.9, grad));
  const v = mapParams(grads, (grad, name) => decayed(state.v[name], 0.99, tf.square(grad)));
  const student = mapParams(m, (moment, name) => {
    const first = tf.div(moment, tf.sub(1, tf.pow(0.9, step)));
    const second = tf.div(v[name], tf.sub(1, tf.pow(0.99, step)));
    return tf.sub(state.student[name], tf.mul(learningRate, tf.div(first, tf.add(tf.sqrt(second), 1e-4))));
  });
  const ema = mapParams(state.ema, (old, name) => decayed(old, 0.99, student[name]));
  return {
    state: { student, m, v, ema },
    outputs: { loss: value, gradNorm: tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g))))) },
  };
};

/** Inputs of step `step`. */
export function stepInputs(batch: number, step: number, size = 16): Record<string, HostTensor> {
  const draws = randomStream(7, 'test.step', step);
  const image = (): HostTensor => hostTensor(draws.normal(batch * size * size), [batch, size, size, 1]);
  const sigma2 = draws.uniform(batch).map((u) => 0.1 + u);
  return {
    x: image(),
    noise: image(),
    sigma: hostTensor(sigma2.map((s) => 1.3 * s)),
    sigma2: hostTensor(sigma2),
    learningRate: hostTensor(Float32Array.of(1e-3), []),
    step: hostTensor(Float32Array.of(step), []),
  };
}

/** A fresh state. */
export function initialState(): Record<string, Record<string, HostTensor>> {
  const student = mapParams(shapes, (shape, name) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const draws = randomStream(3, name).normal(size);
    if (name.endsWith('norm'))
      return hostTensor(
        draws.map((d) => 1 + 0.1 * d),
        shape,
      );
    return hostTensor(
      draws.map((d) => d / Math.sqrt(size / (shape.at(-1) ?? 1))),
      shape,
    );
  });
  const zero = (): Record<string, HostTensor> =>
    mapParams(student, ({ data, shape }) => hostTensor(new Float32Array(data.length), shape));
  return { student, m: zero(), v: zero(), ema: mapParams(student, (tensor) => tensor) };
}
