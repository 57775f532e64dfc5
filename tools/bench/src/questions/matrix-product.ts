import { compile, type Executor } from '@onestep/compile';
import { tf, type Tensor } from '@onestep/tensor';
import { interleaved, timed, type Candidate } from '../measure/interleaved';
import type { TorchPeer } from '../peers/torch-peer';
import { figure, type Row } from '../report/report';

/** Products in a row inside the compiled function, so that moving its argument in and out does not count. */
const chain = 8;

/** A compiled chain of square matrix products. */
export interface ProductChain {
  /** Floating-point operations of one run. */
  readonly flops: number;
  readonly run: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** Compiles products of `size` x `size` matrices. */
export async function productChain(executor: Executor, size: number): Promise<ProductChain> {
  const [a, b] = [1, 2].map((seed) => orthogonalLike(size, seed));
  const products = (x: Tensor, y: Tensor): Tensor => {
    let result = x;
    for (let i = 0; i < chain; i += 1) result = tf.matMul(result, y);
    return result;
  };
  const compiled = await compile(products, [a, b] as [Tensor, Tensor], { executor });
  return {
    flops: chain * 2 * size ** 3,
    run: async () => finish(await compiled(a, b)),
    dispose: () => {
      tf.dispose([a, b]);
      return compiled.dispose();
    },
  };
}

/** Rate of a square matrix product on every engine: what the machine could do at best. */
export async function matrixProductRows({
  executor,
  peer,
  size,
  rounds,
}: {
  readonly executor: Executor;
  readonly peer: TorchPeer | undefined;
  readonly size: number;
  readonly rounds: number;
}): Promise<Row[]> {
  const [a, b] = [1, 2].map((seed) => orthogonalLike(size, seed));
  const compiled = await productChain(executor, size);
  const candidates: Candidate[] = [
    { name: 'eager', run: async (calls) => chain * (await timed(async () => finish(tf.matMul(a, b)))(calls)) },
    { name: 'compiled', run: timed(compiled.run) },
    ...(peer ? [{ name: 'PyTorch', run: (calls: number) => peer.time('matmul', { size, calls: chain * calls }) }] : []),
  ];
  try {
    const times = await interleaved(candidates, { rounds, restMs: 20 });
    return candidates.map(({ name }) => ({
      case: `matrix product, ${size} x ${size} x ${size}: what the machine can do`,
      subject: name,
      figures: {
        rate: figure(
          'GFLOP/s',
          (times.get(name) ?? []).map((ms) => compiled.flops / ms / 1e6),
        ),
      },
    }));
  } finally {
    tf.dispose([a, b]);
    await compiled.dispose();
  }
}

async function finish(result: Tensor): Promise<void> {
  await result.data();
  result.dispose();
}

/** Entries of size 1 / sqrt(size), so that a chain of products neither grows nor dies out. */
function orthogonalLike(size: number, seed: number): Tensor {
  const values = Float32Array.from(
    { length: size * size },
    (_, i) => Math.sin(12.9898 * seed * i) * Math.sqrt(2 / size),
  );
  return tf.tensor(values, [size, size]);
}
