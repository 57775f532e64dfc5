import type { HostTensor } from '../params/host-tensor';
import { elementCount, metadataKey, nameProblem } from './format';

/**
 * Writes a safetensors file: names in canonical order, header padded with spaces so that the data start on a multiple
 * of eight bytes. Equal input gives equal bytes.
 *
 * @param tensors - float32 and int32 tensors by name
 * @param metadata - strings by name, for example the model's config as JSON
 * @returns the whole file
 * @throws {@link TypeError} for a reserved name, a size that does not match the shape, or metadata that is not a string
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const names = Object.keys(tensors).sort();
  for (const name of names) checkTensor(name, tensors[name]);
  const head = writeSafetensorsHeader(tensors, metadata);
  const size = names.reduce((sum, name) => sum + tensors[name].data.byteLength, head.length);
  const bytes = new Uint8Array(size);
  bytes.set(head);
  let position = head.length;
  for (const name of names) {
    const { data } = tensors[name];
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * The beginning of a safetensors file, up to its data, for files too large to be made in memory: the data of all tensors
 * follow in the order of their names.
 *
 * @param tensors - type and shape by name
 * @param metadata - strings by name
 * @returns a multiple of eight bytes
 * @throws {@link TypeError} for a reserved name, a shape that is none, or metadata that is not a string
 */
export function writeSafetensorsHeader(
  tensors: Readonly<Record<string, Pick<HostTensor, 'dtype' | 'shape'>>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = {};
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0)
    header[metadataKey] = Object.fromEntries(keys.map((key) => [key, checkedText(key, metadata[key])]));
  let end = 0;
  for (const name of Object.keys(tensors).sort()) {
    const { shape, dtype } = tensors[name];
    const begin = end;
    end += 4 * checkedSize(name, shape);
    header[name] = { dtype: dtype === 'float32' ? 'F32' : 'I32', shape, data_offsets: [begin, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(json, 8);
  return bytes;
}

function checkedSize(name: string, shape: readonly number[]): number {
  const problem = name === metadataKey ? `the key "${metadataKey}" is taken by the metadata` : nameProblem(name);
  if (problem !== undefined) throw new TypeError(`writeSafetensors: ${problem}.`);
  const size = elementCount([...shape]);
  if (size === undefined) {
    throw new TypeError(`writeSafetensors: ${JSON.stringify(name)} has shape [${shape.join(', ')}], which is none.`);
  }
  return size;
}

function checkTensor(name: string, { shape, data, dtype }: HostTensor): void {
  const size = checkedSize(name, shape);
  const expected = dtype === 'float32' ? Float32Array : Int32Array;
  if (!(data instanceof expected)) {
    throw new TypeError(
      `writeSafetensors: ${JSON.stringify(name)} is ${dtype}, but its data is not a ${expected.name}.`,
    );
  }
  if (size !== data.length) {
    throw new TypeError(
      `writeSafetensors: ${JSON.stringify(name)} has shape [${shape.join(', ')}], but ${data.length} elements.`,
    );
  }
}

function checkedText(key: string, text: unknown): string {
  const problem =
    nameProblem(key) ?? (typeof text === 'string' ? undefined : `metadata ${JSON.stringify(key)} is not a string`);
  if (problem !== undefined) throw new TypeError(`writeSafetensors: ${problem}.`);
  return text as string;
}
