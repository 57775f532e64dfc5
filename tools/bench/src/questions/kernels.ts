import { tf, useBackend, type BackendName, type Tensor, type Tensor4D } from '@onestep/tensor';
import { interleaved, timed, type Candidate } from '../measure/interleaved';
import type { CommonOptions, Question } from '../question';
import { figure } from '../report/report';
import { withBackend } from './options';

interface KernelsOptions extends CommonOptions {
  readonly backend: BackendName;
}

interface Work extends Candidate {
  readonly case: string;
  readonly subject: string;
  readonly flops: number;
}

/** Batch, side, channels in, channels out, kernel side: the shapes of the small U-Nets. */
const convolutions = [
  [32, 28, 32, 32, 3],
  [32, 28, 64, 64, 3],
  [32, 14, 64, 64, 3],
  [64, 7, 128, 128, 3],
  [32, 14, 128, 64, 1],
] as const;
const quickConvolutions = [[2, 8, 4, 4, 3]] as const;

/** How fast are the kernels that training spends its time on? */
export const kernels: Question<KernelsOptions> = {
  name: 'kernels',
  summary: 'Convolutions, their gradients and matrix products on a backend: GFLOP/s.',
  configure: withBackend,
  async ask({ quick, backend, rounds = quick ? 2 : 9 }, { progress }) {
    await useBackend(backend);
    const held: Tensor[] = [];
    const works = [
      ...(quick ? quickConvolutions : convolutions).flatMap((shape) => convolutionWorks(shape, held)),
      matMulWork(quick ? 16 : 512, held),
    ];
    try {
      const times = await interleaved(works, { rounds, onTurn: ({ name }) => progress(name) });
      return {
        rows: works.map((work) => ({
          case: work.case,
          subject: work.subject,
          figures: {
            rate: figure(
              'GFLOP/s',
              (times.get(work.name) ?? []).map((ms) => work.flops / ms / 1e6),
            ),
          },
        })),
        engines: [`TensorFlow.js ${tf.version_core}, backend ${backend}`],
        notes: ['`npm run bench -w @onestep/tensor` holds these kernels against the ones built into the wasm backend.'],
      };
    } finally {
      tf.dispose(held);
    }
  },
};

function convolutionWorks(shape: readonly [number, number, number, number, number], held: Tensor[]): Work[] {
  const [batch, side, inChannels, outChannels, kernel] = shape;
  const x = wave([batch, side, side, inChannels]) as Tensor4D;
  const dy = wave([batch, side, side, outChannels]);
  const filter = wave([kernel, kernel, inChannels, outChannels]) as Tensor4D;
  held.push(x, dy, filter);
  const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC', inputShape: x.shape, filterShape: filter.shape };
  const attrs = attributes as unknown as tf.NamedAttrMap;
  const title = `conv ${kernel} x ${kernel}, ${inChannels} to ${outChannels} channels, ${batch} x ${side} x ${side}`;
  const flops = 2 * batch * side * side * kernel * kernel * inChannels * outChannels;
  const work = (subject: string, compute: () => Tensor): Work => ({
    case: title,
    subject,
    name: `${title}: ${subject}`,
    flops,
    calls: 3,
    run: timed(() => finish(compute())),
  });
  return [
    work('forward', () => tf.conv2d(x, filter, 1, 'same')),
    work('input gradient', () => tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, attrs)),
    work('filter gradient', () => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attrs)),
  ];
}

function matMulWork(size: number, held: Tensor[]): Work {
  const a = wave([size, size]);
  const b = wave([size, size]);
  held.push(a, b);
  const name = `matrix product, ${size} x ${size} x ${size}`;
  return {
    case: name,
    subject: 'forward',
    name,
    flops: 2 * size ** 3,
    calls: 3,
    run: timed(() => finish(tf.matMul(a, b))),
  };
}

/** Waits for the result (one entry is read back, not all of them) and frees it. */
async function finish(result: Tensor): Promise<void> {
  const entry = tf.tidy(() => tf.slice(tf.reshape(result, [-1]), 0, 1));
  await entry.data();
  tf.dispose([entry, result]);
}

function wave(shape: number[]): Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * i)),
    shape,
  );
}
