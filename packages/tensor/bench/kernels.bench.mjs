// How fast are the wasm kernels of this package against those of tfjs-backend-wasm? Run: npm run bench
// Prints the median GFLOP/s with the spread (first and third quartile) of each and the ratio of the medians; both
// take turns in one process, so that a busy machine slows both.
import { tf, useBackend } from '../dist/index.js';

const runs = Number(process.env.RUNS ?? 15);

// The built-ins, before useBackend replaces them.
await import('@tensorflow/tfjs-backend-wasm');
const builtin = Object.fromEntries(
  ['Conv2DBackpropInput', 'BatchMatMul', 'Slice', 'Identity'].map((name) => [
    name,
    tf.getKernel(name, 'wasm').kernelFunc,
  ]),
);
await useBackend('wasm', { threads: 1 });

const random = (shape) => {
  const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  for (let i = 0; i < data.length; i += 1) data[i] = Math.sin(i * 12.9898);
  return tf.tensor(data, shape);
};

const runBuiltin = (name, inputs, attrs) => {
  const backend = tf.backend();
  const info = builtin[name]({ inputs, attrs, backend });
  return { dispose: () => backend.disposeData(info.dataId) };
};
const runOurs = (name, inputs, attrs) => tf.engine().runKernel(name, inputs, attrs);

/** The filter gradient that the operations of tfjs alone allow: pad, and per tap slice, transpose and product. */
const tapGradient = (x, dy) =>
  tf.tidy(() => {
    const [batch, height, width, channels] = x.shape;
    const padded = tf.pad(x, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
    const gradient = tf.reshape(dy, [-1, dy.shape[3]]);
    const taps = [];
    for (let i = 0; i < 3; i += 1) {
      for (let j = 0; j < 3; j += 1) {
        const patch = tf.reshape(tf.slice(padded, [0, i, j, 0], [batch, height, width, channels]), [-1, channels]);
        taps.push(tf.matMul(tf.transpose(patch), gradient));
      }
    }
    return tf.reshape(tf.stack(taps), [3, 3, channels, dy.shape[3]]);
  });

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

function compare(name, flop, candidates) {
  const times = candidates.map(() => []);
  for (let run = -2; run < runs; run += 1) {
    candidates.forEach(([, compute], i) => {
      const start = performance.now();
      compute().dispose();
      if (run >= 0) times[i].push(performance.now() - start);
    });
  }
  const medians = times.map((list, i) => {
    list.sort((a, b) => a - b);
    const rate = (ms) => (flop / ms / 1e6).toFixed(1).padStart(6);
    const [low, median, high] = [0.75, 0.5, 0.25].map((q) => quantile(list, q));
    console.log(
      `${name.padEnd(34)} ${candidates[i][0].padEnd(10)} ${rate(median)} GFLOP/s  (${rate(low)} ..${rate(high)})`,
    );
    return median;
  });
  if (medians.length > 1)
    console.log(`${''.padEnd(34)} ratio      ${(medians[0] / medians[1]).toFixed(2).padStart(6)}`);
}

for (const [batch, size, channels, filter] of [
  [32, 28, 64, 3],
  [32, 14, 64, 3],
  [64, 7, 128, 3],
  [32, 14, 128, 1],
]) {
  const x = random([batch, size, size, channels]);
  const w = random([filter, filter, channels, channels]);
  const flop = 2 * batch * size * size * filter * filter * channels * channels;
  const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', inputShape: x.shape, filterShape: w.shape };
  const title = `conv ${filter}x${filter} ${channels} at ${batch}x${size}x${size}`;
  compare(`${title}, forward`, flop, [['built-in', () => tf.conv2d(x, w, 1, 'same')]]);
  compare(`${title}, input grad`, flop, [
    ['built-in', () => runBuiltin('Conv2DBackpropInput', { dy: x, filter: w }, attrs)],
    ['ours', () => runOurs('Conv2DBackpropInput', { dy: x, filter: w }, attrs)],
  ]);
  compare(`${title}, filter grad`, flop, [
    ...(filter === 3 ? [['by taps', () => tapGradient(x, x)]] : []),
    ['ours', () => runOurs('Conv2DBackpropFilter', { x, dy: x }, attrs)],
  ]);
  tf.dispose([x, w]);
}

for (const [batch, m, k, n, transposeA, transposeB] of [
  [1, 1568, 576, 64, true, false],
  [1, 1568, 576, 64, false, true],
  [32, 256, 64, 64, false, false],
  [64, 49, 64, 49, false, true],
]) {
  const a = random([batch, ...(transposeA ? [k, m] : [m, k])]);
  const b = random([batch, ...(transposeB ? [n, k] : [k, n])]);
  const attrs = { transposeA, transposeB };
  const letters = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
  compare(`matMul ${letters} ${batch}x[${m},${k}]x[${k},${n}]`, 2 * batch * m * k * n, [
    ['built-in', () => runBuiltin('BatchMatMul', { a, b }, attrs)],
    ['ours', () => runOurs('BatchMatMul', { a, b }, attrs)],
  ]);
  tf.dispose([a, b]);
}
