import type { HostTensor } from '../params/host-tensor';
import { badWeightFile, type SafetensorsDtype } from './format';
import { bfloat16ToFloat32, halfToFloat32 } from './half';
import { readSafetensorsHeader, type TensorEntry } from './header';

/** A tensor of a file, with the type it had there. */
export interface StoredTensor extends HostTensor {
  readonly storedDtype: SafetensorsDtype;
}

/** Contents of a safetensors file; tensor names are sorted. */
export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file strictly: header below a cap, no repeated or reserved key, every size equal to shape times
 * type, data covered without gap or overlap. Nothing is allocated before all of this holds.
 *
 * @param bytes - the whole file
 * @param options - `toFloat32`: convert F16, BF16 and F64 (rounded to nearest) to float32; default false
 * @returns float32 tensors for floating types, int32 for I32, I64 (if every value fits), U8 and BOOL; the data are copies
 * @throws {@link OnestepError} `bad-weight-file`, saying which key or byte is wrong and what was expected
 */
export function readSafetensors(
  bytes: Uint8Array,
  { toFloat32 = false }: { readonly toFloat32?: boolean } = {},
): SafetensorsFile {
  const { entries, metadata } = readSafetensorsHeader(bytes);
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const tensors: Record<string, StoredTensor> = {};
  for (const entry of sorted) {
    // The copy aligns the data: a foreign header need not end on a multiple of the element size. Not `slice`, which
    // Node's Buffer overrides with a view.
    const copy = new Uint8Array(entry.end - entry.start);
    copy.set(bytes.subarray(entry.start, entry.end));
    const { dtype, data } = decode(entry, copy.buffer, toFloat32);
    tensors[entry.name] = { dtype, shape: entry.shape, data, storedDtype: entry.dtype };
  }
  return { tensors, metadata };
}

function decode(
  { name, dtype }: TensorEntry,
  buffer: ArrayBufferLike,
  toFloat32: boolean,
): Pick<HostTensor, 'dtype' | 'data'> {
  switch (dtype) {
    case 'F32':
      return { dtype: 'float32', data: new Float32Array(buffer) };
    case 'I32':
      return { dtype: 'int32', data: new Int32Array(buffer) };
    case 'U8':
      return { dtype: 'int32', data: Int32Array.from(new Uint8Array(buffer)) };
    case 'BOOL':
      return { dtype: 'int32', data: booleans(name, new Uint8Array(buffer)) };
    case 'I64':
      return { dtype: 'int32', data: narrowed(name, new BigInt64Array(buffer)) };
    default:
      if (!toFloat32) {
        throw badWeightFile(
          'readSafetensors',
          `${JSON.stringify(name)} is ${dtype}, expected F32. Pass toFloat32: true to convert it`,
          { name, dtype },
        );
      }
      if (dtype === 'F64') return { dtype: 'float32', data: Float32Array.from(new Float64Array(buffer)) };
      if (dtype === 'F16') return { dtype: 'float32', data: halfToFloat32(new Uint16Array(buffer)) };
      return { dtype: 'float32', data: bfloat16ToFloat32(new Uint16Array(buffer)) };
  }
}

function booleans(name: string, values: Uint8Array): Int32Array {
  const wrong = values.findIndex((value) => value > 1);
  if (wrong >= 0) {
    throw badWeightFile(
      'readSafetensors',
      `${JSON.stringify(name)} is BOOL, but element ${wrong} is ${values[wrong]}, expected 0 or 1`,
      { name },
    );
  }
  return Int32Array.from(values);
}

function narrowed(name: string, values: BigInt64Array): Int32Array {
  const out = new Int32Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] !== BigInt.asIntN(32, values[i])) {
      throw badWeightFile(
        'readSafetensors',
        `${JSON.stringify(name)} is I64, and element ${i} is ${values[i]}, which int32 cannot hold`,
        { name },
      );
    }
    out[i] = Number(values[i]);
  }
  return out;
}
