import { hostTensor, type HostTensor } from '@onestep/tensor';

/** Consecutive images of a batch. */
export interface Rows {
  readonly first: number;
  readonly count: number;
}

/** A copy of these rows. */
export function rowsOf({ shape, data }: HostTensor, { first, count }: Rows): HostTensor {
  const size = shape.slice(1).reduce((product, length) => product * length, 1);
  return hostTensor(Float32Array.from(data.subarray(first * size, (first + count) * size)), [count, ...shape.slice(1)]);
}

/** One image `count` times. */
export function repeated({ shape, data }: HostTensor, count: number): HostTensor {
  const all = new Float32Array(count * data.length);
  for (let i = 0; i < count; i += 1) all.set(data, i * data.length);
  return hostTensor(all, [count, ...shape.slice(1)]);
}

/** Refuses anything but `[B, H, W, C]` with as many finite values. */
export function checkImages(where: string, { shape, data }: HostTensor): void {
  if (shape.length !== 4 || shape.some((length) => !Number.isInteger(length) || length < 1)) {
    throw new RangeError(`${where}: images must have a shape [B, H, W, C], got [${shape.join(', ')}].`);
  }
  const size = shape.reduce((product, length) => product * length, 1);
  if (data.length !== size) {
    throw new RangeError(`${where}: images of shape [${shape.join(', ')}] hold ${size} values, got ${data.length}.`);
  }
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new RangeError(`${where}: images must be finite, but element ${wrong} is ${data[wrong]}.`);
}
