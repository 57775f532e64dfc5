import { duplicateKey } from './duplicate-key';
import {
  badWeightFile,
  bytesPerElement,
  elementCount,
  maxHeaderBytes,
  maxRank,
  maxTensors,
  metadataKey,
  nameProblem,
  type SafetensorsDtype,
} from './format';

/** One checked tensor of a header; `start` and `end` count from the first byte of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** Everything the header says, checked against the length of the file. */
export interface SafetensorsHeader {
  /** In the order of the data. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

const where = 'readSafetensors';

/**
 * Reads and checks the header: sizes, types, names, and that the tensors cover the data without gap or overlap.
 *
 * @param bytes - the file, or its beginning up to the end of the header at least
 * @param fileBytes - length of the whole file; default: `bytes` is all of it
 * @throws {@link OnestepError} `bad-weight-file`
 */
export function readSafetensorsHeader(bytes: Uint8Array, fileBytes = bytes.length): SafetensorsHeader {
  const { json, dataStart } = headerText(bytes);
  const header = parseObject(json);
  const names = Object.keys(header);
  if (names.length > maxTensors) {
    throw badWeightFile(where, `the header lists ${names.length} tensors, at most ${maxTensors} are read`);
  }
  const entries: TensorEntry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw badWeightFile(where, problem);
    if (name === metadataKey) metadata = checkMetadata(header[name]);
    else entries.push(checkEntry(name, header[name], dataStart));
  }
  // Empty tensors share their offset with the next one: they come first, whatever their order in the header.
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  checkCoverage(entries, dataStart, fileBytes);
  return { entries, metadata };
}

function headerText(bytes: Uint8Array): { readonly json: string; readonly dataStart: number } {
  if (bytes.length < 8) {
    throw badWeightFile(where, `the file has ${bytes.length} bytes, expected 8 for the length of the header`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw badWeightFile(where, `bytes 0-7 announce a header of ${length} bytes, at most ${maxHeaderBytes} are read`);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length) {
    throw badWeightFile(
      where,
      `bytes 0-7 announce a header of ${length} bytes, but only ${bytes.length - 8} follow; the file is cut short`,
    );
  }
  if (bytes[8] !== 0x7b || length === 0n) {
    throw badWeightFile(where, `byte 8 must open the header with "{"; this is not a safetensors file`);
  }
  try {
    return { json: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, dataStart)), dataStart };
  } catch {
    throw badWeightFile(where, `the header (bytes 8-${dataStart - 1}) is not valid UTF-8`);
  }
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(json);
  } catch (cause) {
    throw badWeightFile(
      where,
      `the header is not valid JSON (${cause instanceof Error ? cause.message : 'unreadable'})`,
    );
  }
  const repeated = duplicateKey(json);
  if (repeated !== undefined)
    throw badWeightFile(where, `the key ${JSON.stringify(repeated)} occurs twice in the header`);
  return header as Readonly<Record<string, unknown>>;
}

function checkMetadata(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) throw badWeightFile(where, `"${metadataKey}" must be an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    const problem = nameProblem(key);
    if (problem !== undefined) throw badWeightFile(where, `in "${metadataKey}", ${problem}`);
    if (typeof text !== 'string') {
      throw badWeightFile(where, `"${metadataKey}" has ${typeof text} under ${JSON.stringify(key)}, expected a string`);
    }
  }
  return value as Readonly<Record<string, string>>;
}

function checkEntry(name: string, value: unknown, dataStart: number): TensorEntry {
  const tensor = JSON.stringify(name);
  if (!isRecord(value)) throw badWeightFile(where, `${tensor} must be an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw badWeightFile(where, `${tensor} has the unknown key ${JSON.stringify(unknown)}`);
  if (!isDtype(dtype)) {
    const known = Object.keys(bytesPerElement).join(', ');
    throw badWeightFile(where, `${tensor} has dtype ${printed(dtype)}, expected one of ${known}`, { name, dtype });
  }
  const count = elementCount(shape);
  if (count === undefined) {
    throw badWeightFile(
      where,
      `${tensor} has shape ${printed(shape)}, expected at most ${maxRank} non-negative integers with a product below 2^53`,
      { name },
    );
  }
  if (!isOffsets(offsets)) {
    throw badWeightFile(where, `${tensor} has data_offsets ${printed(offsets)}, expected [begin, end] in bytes`, {
      name,
    });
  }
  const [begin, end] = offsets;
  const expected = count * bytesPerElement[dtype];
  if (end - begin !== expected) {
    throw badWeightFile(
      where,
      `${tensor} of shape [${String(shape)}] and dtype ${dtype} needs ${expected} bytes, data_offsets [${begin}, ${end}] hold ${end - begin}`,
      { name },
    );
  }
  return { name, dtype, shape: shape as number[], start: dataStart + begin, end: dataStart + end };
}

/** Stops tensors that share bytes and bytes that hide between or behind tensors. */
function checkCoverage(entries: readonly TensorEntry[], dataStart: number, fileBytes: number): void {
  let position = dataStart;
  for (const { name, start, end } of entries) {
    if (start !== position) {
      const fault = start < position ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw badWeightFile(where, `${JSON.stringify(name)} starts at byte ${start}, expected ${position}: it ${fault}`, {
        name,
      });
    }
    position = end;
  }
  if (position !== fileBytes) {
    throw badWeightFile(
      where,
      `the tensors end at byte ${position}, but the file has ${fileBytes} bytes${position > fileBytes ? '; it is cut short' : ''}`,
    );
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is SafetensorsDtype {
  return typeof value === 'string' && Object.hasOwn(bytesPerElement, value);
}

function isOffsets(value: unknown): value is readonly [number, number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((offset) => Number.isSafeInteger(offset) && offset >= 0) &&
    value[0] <= value[1]
  );
}

/** A value of a stranger's file, short enough for a message. */
function printed(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
