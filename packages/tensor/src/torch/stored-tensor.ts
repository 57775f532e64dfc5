import type { HostTensor } from '../params/host-tensor';
import { elementCount } from '../safetensors/format';
import { bfloat16ToFloat32, halfToFloat32 } from '../safetensors/half';
import { badTorchFile, maxTorchRank } from './limits';

/** Storage classes of PyTorch with the bytes of one element. */
export const storageKinds = {
  FloatStorage: 4,
  DoubleStorage: 8,
  HalfStorage: 2,
  BFloat16Storage: 2,
  LongStorage: 8,
  IntStorage: 4,
  ShortStorage: 2,
  CharStorage: 1,
  ByteStorage: 1,
  BoolStorage: 1,
} as const;

/** Name of such a class. */
export type StorageKind = keyof typeof storageKinds;

/** Elements that the file keeps outside its pickle, or a slice of them. */
export class TorchStorage {
  /**
   * @param count - elements in the file under `key`
   * @param start - of the slice
   * @param length - of the slice
   */
  constructor(
    readonly kind: StorageKind,
    readonly key: string,
    readonly count: number,
    readonly start = 0,
    readonly length = count - start,
  ) {
    if (![count, start, length].every((value) => Number.isSafeInteger(value) && value >= 0) || start + length > count) {
      throw badTorchFile(`elements ${start} to ${start + length} of a storage with ${count} are asked for`);
    }
  }
}

/** A tensor as the pickle describes it: a strided window into a storage. */
export class TorchTensor {
  readonly size: number;
  /** First element in the whole storage. */
  readonly start: number;

  /** @throws OnestepError `bad-weight-file` if the window does not lie inside the storage */
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {
    const size = shape.length > maxTorchRank ? undefined : elementCount(shape);
    if (size === undefined) throw badTorchFile(`a tensor has the shape [${shape.slice(0, 8).join(', ')}]`);
    const sane = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
    if (!sane(offset) || strides.length !== shape.length || !strides.every(sane)) {
      throw badTorchFile(
        `a tensor of shape [${shape.join(', ')}] has offset ${offset} and strides [${strides.join(', ')}]`,
      );
    }
    const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis], offset);
    if (size > 0 && !(last < storage.length)) {
      throw badTorchFile(
        `a tensor of shape [${shape.join(', ')}] reads element ${last} of a storage with ${storage.length}`,
        { shape, storage: storage.key },
      );
    }
    this.size = size;
    this.start = storage.start + offset;
  }

  get contiguous(): boolean {
    let step = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis -= 1) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== step) return false;
      step *= this.shape[axis];
    }
    return true;
  }
}

/** Elements of one storage as this library holds numbers, and whether a tensor already owns the array. */
export interface DecodedStorage {
  readonly values: Float32Array | Int32Array;
  taken: boolean;
}

/** Converts the bytes of a storage: floating types to float32, all others to int32. */
export function decodeStorage({ kind, key, count }: TorchStorage, bytes: Uint8Array): DecodedStorage {
  const expected = count * storageKinds[kind];
  if (bytes.length !== expected) {
    throw badTorchFile(
      `storage ${key} of ${count} elements (${kind}) needs ${expected} bytes, the file has ${bytes.length}`,
    );
  }
  // The copy aligns the elements.
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return { values: convert(kind, key, copy.buffer), taken: false };
}

function convert(kind: StorageKind, key: string, buffer: ArrayBuffer): Float32Array | Int32Array {
  switch (kind) {
    case 'FloatStorage':
      return new Float32Array(buffer);
    case 'DoubleStorage':
      return Float32Array.from(new Float64Array(buffer));
    case 'HalfStorage':
      return halfToFloat32(new Uint16Array(buffer));
    case 'BFloat16Storage':
      return bfloat16ToFloat32(new Uint16Array(buffer));
    case 'IntStorage':
      return new Int32Array(buffer);
    case 'ShortStorage':
      return Int32Array.from(new Int16Array(buffer));
    case 'CharStorage':
      return Int32Array.from(new Int8Array(buffer));
    case 'ByteStorage':
    case 'BoolStorage':
      return Int32Array.from(new Uint8Array(buffer));
    case 'LongStorage':
      return Int32Array.from(new BigInt64Array(buffer) as unknown as ArrayLike<bigint>, (value: bigint) => {
        if (BigInt.asIntN(32, value) !== value) {
          throw badTorchFile(`storage ${key} holds the integer ${value}, which int32 cannot hold`);
        }
        return Number(value);
      });
  }
}

/** Elements of a tensor in row-major order. */
export function readTensor(tensor: TorchTensor, storage: DecodedStorage): HostTensor {
  const { shape, strides, start, size } = tensor;
  const { values } = storage;
  const dtype = values instanceof Float32Array ? 'float32' : 'int32';
  if (tensor.contiguous) {
    const whole = !storage.taken && start === 0 && size === values.length;
    if (whole) storage.taken = true;
    return { dtype, shape, data: whole ? values : values.slice(start, start + size) };
  }
  const data = dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
  const index = shape.map(() => 0);
  let at = start;
  for (let i = 0; i < size; i += 1) {
    data[i] = values[at];
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis] += 1;
      at += strides[axis];
      if (index[axis] < shape[axis]) break;
      at -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return { dtype, shape, data };
}
