import { mapParams, tf, toTensor, useBackend, type Params, type Tensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportOnnx } from '../../src/index';
import { expectClose, randomTensor } from '../support/agree';
import { initialState, network } from '../support/unet-step';

beforeAll(async () => {
  await useBackend('cpu');
});

interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(
    feeds: Record<string, unknown>,
  ): Promise<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;
}

/** The runtime as another program would use it. */
async function openModel(
  bytes: Uint8Array,
): Promise<{ readonly session: OrtSession; readonly tensor: (t: Tensor) => unknown }> {
  const ort = await import('onnxruntime-node');
  const session = (await ort.InferenceSession.create(bytes)) as unknown as OrtSession;
  return { session, tensor: (t) => new ort.Tensor('float32', t.dataSync() as Float32Array, t.shape) };
}

describe('an exported model', () => {
  it('runs a whole network at any batch size, under the names it was given', async () => {
    const params: Params = mapParams(initialState().student, toTensor);
    const bytes = await exportOnnx(network, [params, tf.zeros([1, 8, 8, 1]), tf.ones([1])], {
      constants: [0],
      inputNames: ['noised', 'sigma'],
      outputNames: ['image'],
      metadata: { format: 'test' },
    });
    const { session, tensor } = await openModel(bytes);
    expect(session.inputNames).toEqual(['noised', 'sigma']);
    for (const batch of [1, 2, 5]) {
      const x = randomTensor([batch, 8, 8, 1], batch);
      const sigma = randomTensor([batch], batch, 0.1, 2);
      const { image } = await session.run({ noised: tensor(x), sigma: tensor(sigma) });
      expect(image.dims).toEqual([batch, 8, 8, 1]);
      expectClose(image.data, network(params, x, sigma).dataSync(), 1e-5);
    }
  });

  it('keeps the example batch size where it is asked to', async () => {
    const bytes = await exportOnnx((x: Tensor) => tf.mean(x), [tf.zeros([4])], { symbolicBatch: false });
    const { session, tensor } = await openModel(bytes);
    const { o0 } = await session.run({ i0: tensor(tf.tensor1d([1, 2, 3, 6])) });
    expect(Array.from(o0.data)).toEqual([3]);
  });

  it('refuses a symbolic batch for a function that computes with its size', async () => {
    await expect(exportOnnx((x: Tensor) => tf.mul(x, x.shape[0]), [tf.zeros([4])])).rejects.toThrow(
      'depends on the batch size',
    );
  });
});
