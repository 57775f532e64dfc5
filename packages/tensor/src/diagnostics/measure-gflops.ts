import type { BackendName } from '../backends/backend-names';
import { useBackend } from '../backends/use-backend';
import { tf, type Tensor, type Tensor4D } from '../tf';
import { patternedValues } from './central-differences';

/** Billions of floating-point operations per second, a multiply-add counting as two; medians. */
export interface Throughput {
  /** 3x3 convolution, 64 to 64 channels. */
  readonly convolution: number;
  /** The same, both gradients (input and filter) without the forward pass. */
  readonly convolutionGradients: number;
  /** [1024, 576] x [576, 64]. */
  readonly matMul: number;
}

/**
 * Measures how fast a backend computes what networks spend their time on. The backend that was in use before is in use
 * again afterwards.
 *
 * @param name - the backend to measure
 * @param options - `size`: height and width of the images, default 14; `batch`, default 16; `runs` per figure, default 5
 * @throws {@link OnestepError} `missing-backend`
 * @remarks Half a second on wasm with the defaults, minutes on cpu with large sizes.
 */
export async function measureGflops(
  name: BackendName,
  { size = 14, batch = 16, runs = 5 }: { readonly size?: number; readonly batch?: number; readonly runs?: number } = {},
): Promise<Throughput> {
  const before = tf.engine().backendName;
  await useBackend(name);
  const x = patternedValues([batch, size, size, 64], 1) as Tensor4D;
  const filter = patternedValues([3, 3, 64, 64], 2) as Tensor4D;
  const a = patternedValues([1024, 576], 3);
  const b = patternedValues([576, 64], 4);
  const convolutionFlop = 2 * batch * size * size * 9 * 64 * 64;
  const attrs = {
    strides: 1,
    pad: 'same',
    dataFormat: 'NHWC',
    inputShape: x.shape,
    filterShape: filter.shape,
  } as never;
  try {
    return {
      convolution: await gflops(convolutionFlop, runs, () => [tf.conv2d(x, filter, 1, 'same')]),
      convolutionGradients: await gflops(2 * convolutionFlop, runs, () => [
        tf.engine().runKernel('Conv2DBackpropInput', { dy: x, filter }, attrs),
        tf.engine().runKernel('Conv2DBackpropFilter', { x, dy: x }, attrs),
      ]),
      matMul: await gflops(2 * 1024 * 576 * 64, runs, () => [tf.matMul(a, b)]),
    };
  } finally {
    tf.dispose([x, filter, a, b]);
    if (before) await tf.setBackend(before);
  }
}

async function gflops(flop: number, runs: number, compute: () => Tensor[]): Promise<number> {
  const seconds: number[] = [];
  // One run more: the first compiles.
  for (let run = 0; run <= runs; run += 1) {
    const start = performance.now();
    const results = compute();
    // Reading one entry waits for a GPU without downloading everything.
    for (const result of results) {
      const entry = tf.slice(
        result,
        result.shape.map(() => 0),
        result.shape.map(() => 1),
      );
      await entry.data();
      entry.dispose();
    }
    if (run > 0) seconds.push((performance.now() - start) / 1000);
    tf.dispose(results);
  }
  seconds.sort((a, b) => a - b);
  return flop / seconds[seconds.length >> 1] / 1e9;
}
