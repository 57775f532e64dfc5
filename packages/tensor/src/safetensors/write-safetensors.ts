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
  const header: Record<string, unknown> = {};
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0)
    header[metadataKey] = Object.fromEntries(keys.map((key) => [key, checkedText(key, metadata[key])]));
  let end = 0;
  for (const name of names) {
    checkTensor(name, tensors[name]);
    const begin = end;
    end += 4 * tensors[name].data.length;
    const dtype = tensors[name].dtype === 'float32' ? 'F32' : 'I32';
    header[name] = { dtype, shape: tensors[name].shape, data_offsets: [begin, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(json, 8);
  let position = 8 + headerBytes;
  for (const name of names) {
    const { data } = tensors[name];
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

function checkTensor(name: string, { shape, data, dtype }: HostTensor): void {
  const problem = name === metadataKey ? `the key "${metadataKey}" is taken by the metadata` : nameProblem(name);
  if (problem !== undefined) throw new TypeError(`writeSafetensors: ${problem}.`);
  const expected = dtype === 'float32' ? Float32Array : Int32Array;
  if (!(data instanceof expected)) {
    throw new TypeError(
      `writeSafetensors: ${JSON.stringify(name)} is ${dtype}, but its data is not a ${expected.name}.`,
    );
  }
  if (elementCount([...shape]) !== data.length) {
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
