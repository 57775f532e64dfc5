import type { HostTensor } from '@onestep/tensor';
import { tf, type Tensor } from '@onestep/tensor';

/** Uploads `[B, C, H, W]` as `[B, H, W, C]`; tensors of another rank as they are. */
export function uploadChannelsLast({ shape, data, dtype }: HostTensor): Tensor {
  return tf.tidy(() => {
    const tensor = tf.tensor(data, [...shape], dtype);
    return shape.length === 4 ? tf.transpose(tensor, [0, 2, 3, 1]) : tensor;
  });
}

/** Downloads `[B, H, W, C]` in the order of `[B, C, H, W]`; frees it. */
export async function downloadChannelsFirst(tensor: Tensor): Promise<ArrayLike<number>> {
  const turned = tf.tidy(() => (tensor.rank === 4 ? tf.transpose(tensor, [0, 3, 1, 2]) : tensor.clone()));
  const data = await turned.data();
  tf.dispose([tensor, turned]);
  return data;
}
