// The network and the training step that both benchmarks run: an ADM U-Net for 28 x 28 x 1, base 32, multipliers 1, 2, 2,
// two blocks per level, attention at 7 x 7; consistency training with Adam and EMA.
import { admUnet } from '@onestep/models';
import { hostTensor, mapParams, paramsToHost, randomStream, tf, valueAndGrads } from '@onestep/tensor';

export const shape = [28, 28, 1];

export const network = admUnet({
  shape,
  modelChannels: 32,
  channelMultipliers: [1, 2, 2],
  numResBlocks: 2,
  attentionResolutions: [4],
  convResample: false,
  init: 'nonzero',
});

const perImage = (values) => tf.reshape(values, [-1, 1, 1, 1]);

/** f(x, sigma) = cSkip x + cOut F(cIn x, ln(sigma) / 4). */
export function denoise(params, x, sigma) {
  const variance = tf.add(tf.square(sigma), 0.25);
  const cIn = tf.rsqrt(variance);
  const raw = network.apply(params, tf.mul(x, perImage(cIn)), { cNoise: tf.mul(tf.log(sigma), 0.25) });
  const cOut = tf.mul(tf.mul(sigma, 0.5), cIn);
  return tf.add(tf.mul(x, perImage(tf.div(0.25, variance))), tf.mul(perImage(cOut), raw));
}

const decayed = (old, rate, now) => tf.add(tf.mul(old, rate), tf.mul(now, 1 - rate));

/** One step: target and student forward, pseudo-Huber, gradients, Adam, EMA. */
export function trainStep(state, _frozen, { x, noise, sigma, smallerSigma, learningRate, step }) {
  const noised = (s) => tf.add(x, tf.mul(noise, perImage(s)));
  const target = denoise(state.student, noised(smallerSigma), smallerSigma);
  const { value, grads } = valueAndGrads((params) => {
    const difference = tf.sub(denoise(params, noised(sigma), sigma), target);
    return tf.mean(tf.sub(tf.sqrt(tf.add(tf.sum(tf.square(difference), [1, 2, 3]), 0.01)), 0.1));
  }, state.student);
  const m = mapParams(grads, (grad, name) => decayed(state.m[name], 0.9, grad));
  const v = mapParams(grads, (grad, name) => decayed(state.v[name], 0.999, tf.square(grad)));
  const [first, second] = [0.9, 0.999].map((decay) => tf.sub(1, tf.pow(decay, step)));
  const student = mapParams(m, (moment, name) => {
    const update = tf.div(tf.div(moment, first), tf.add(tf.sqrt(tf.div(v[name], second)), 1e-8));
    return tf.sub(state.student[name], tf.mul(learningRate, update));
  });
  const ema = mapParams(state.ema, (old, name) => decayed(old, 0.999, student[name]));
  return { state: { student, m, v, ema }, outputs: { loss: value } };
}

export async function initialParams() {
  const params = network.init((name) => randomStream(1, name));
  const host = await paramsToHost(params);
  tf.dispose(params);
  return host;
}

export async function initialState() {
  const student = await initialParams();
  const zeros = () => mapParams(student, (tensor) => hostTensor(new Float32Array(tensor.data.length), tensor.shape));
  return { student, m: zeros(), v: zeros(), ema: student };
}

export function stepInputs(batch, step) {
  const draws = randomStream(5, 'bench', step);
  const image = () => hostTensor(draws.normal(batch * 28 * 28), [batch, ...shape]);
  const smallerSigma = draws.uniform(batch).map((u) => 0.1 + u);
  return {
    x: image(),
    noise: image(),
    sigma: hostTensor(smallerSigma.map((s) => 1.2 * s)),
    smallerSigma: hostTensor(smallerSigma),
    learningRate: hostTensor(Float32Array.of(1e-3), []),
    step: hostTensor(Float32Array.of(step), []),
  };
}

/** `--name value` from the command line. */
export function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

export function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  return {
    median,
    text: `${median.toFixed(1)} ms (${sorted[0].toFixed(1)} - ${sorted[sorted.length - 1].toFixed(1)})`,
  };
}

export async function timed(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
