import { compile } from '@onestep/compile';
import { lenetClasses, lenetFeatures, lenetLogits } from '@onestep/metrics';
import {
  disposeParams,
  paramsFromHost,
  tf,
  toTensor,
  type HostTensor,
  type Params,
  type Rank,
  type Tensor4D,
} from '@onestep/tensor';
import { imagesOf, type LabelledBytes } from './bytes';

const batchSize = 500;

/**
 * Share of the images whose class the network finds.
 *
 * @param params - weights
 * @param data - images, a multiple of 500
 * @param threads - of the executor
 */
export async function accuracyOf(
  params: Readonly<Record<string, HostTensor>>,
  data: LabelledBytes,
  threads: number,
): Promise<number> {
  const uploaded = paramsFromHost(params);
  const example = tf.zeros<Rank.R4>([batchSize, 28, 28, 1]);
  const classify = await compile(
    (weights: Params, images: Tensor4D) => lenetLogits(weights, lenetFeatures(weights, images)),
    [uploaded, example],
    { executor: { threads }, constants: [0] },
  );
  let correct = 0;
  let first = 0;
  for (const host of imagesOf(data, batchSize)) {
    const images = toTensor(host) as Tensor4D;
    const logits = await classify(uploaded, images);
    const values = await logits.data();
    for (let i = 0; i < batchSize; i += 1) {
      const row = values.subarray(i * lenetClasses, (i + 1) * lenetClasses);
      if (row.indexOf(Math.max(...row)) === data.labels[first + i]) correct += 1;
    }
    first += batchSize;
    tf.dispose([images, logits]);
  }
  await classify.dispose();
  disposeParams(uploaded);
  example.dispose();
  return correct / data.count;
}
