import { createHash } from 'node:crypto';
import { crc32 } from '../../internal/crc32';

/** One stored sample as the journal knows it. */
export interface SampleItem {
  /** Number of the sample in the whole stream. */
  readonly index: number;
  /** Its class; -1 for none. */
  readonly label: number;
  /** SHA-256 of its values: bytes `[H, W, C]`, or little-endian float32. */
  readonly values: string;
  /** SHA-256 of what is stored: a PNG file, or the values again. */
  readonly stored: string;
  /** Bytes stored, and their CRC-32. */
  readonly size: number;
  readonly crc: number;
}

/** A sample with the bytes to store. */
export interface StoredSample {
  readonly item: SampleItem;
  readonly bytes: Uint8Array;
}

/** Describes a sample by what is stored of it. */
export function describeSample(index: number, label: number, values: Uint8Array, bytes: Uint8Array): StoredSample {
  const ofValues = sha256(values);
  const stored = bytes === values ? ofValues : sha256(bytes);
  return { item: { index, label, values: ofValues, stored, size: bytes.length, crc: crc32(bytes) }, bytes };
}

/** Hex digits of the SHA-256. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Name of a sample's PNG file: sub-folders of 1000, as EDM writes them. */
export function sampleName(index: number): string {
  return `${digits(index - (index % 1000))}/${digits(index)}.png`;
}

const digits = (number: number): string => String(number).padStart(6, '0');
