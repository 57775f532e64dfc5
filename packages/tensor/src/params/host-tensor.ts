import { tf, type Tensor } from '../tf';

/** A tensor in host memory: what draws are made of, what files hold, what crosses between engines. */
export interface HostTensor {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** Row-major, `shape` product long. */
  readonly data: Float32Array | Int32Array;
}

/** Wraps float32 data; `shape` defaults to a vector. */
export function hostTensor(data: Float32Array, shape: readonly number[] = [data.length]): HostTensor {
  return { dtype: 'float32', shape, data };
}

/** Uploads to the current backend; the caller disposes the result. */
export function toTensor({ dtype, shape, data }: HostTensor): Tensor {
  return tf.tensor(data, [...shape], dtype);
}

/** Downloads a float32 or int32 tensor (the data is a copy). */
export async function toHost(tensor: Tensor): Promise<HostTensor> {
  if (tensor.dtype !== 'float32' && tensor.dtype !== 'int32') {
    throw new TypeError(`toHost: dtype must be float32 or int32, got ${tensor.dtype}.`);
  }
  const data = (await tensor.data()) as Float32Array | Int32Array;
  return { dtype: tensor.dtype, shape: tensor.shape, data: data.slice() };
}
