/** A file in a zip archive, stored without compression. */
export interface ZipEntry {
  /** ASCII, forward slashes. */
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly crc: number;
}

/** Largest value of a 32-bit field; it also says "look into the ZIP64 field". */
const max32 = 0xffffffff;
const max16 = 0xffff;
/** 1980-01-01 00:00, the first moment a zip can tell, so that equal contents give equal archives. */
const dosDate = 0x21;
const storedVersion = 20;
const zip64Version = 45;
/** Made on Unix, so that the mode below is read; a regular file, 0644. */
const madeByUnix = 3 << 8;
const externalAttributes = 0o100644 * 0x10000;

/** Bytes of the header before the data of an entry; depends on name and size alone. */
export function localHeaderLength({ name, size }: Pick<ZipEntry, 'name' | 'size'>): number {
  return 30 + name.length + (size >= max32 ? 20 : 0);
}

/** The header before the data of an entry. */
export function localHeader({ name, size, crc }: ZipEntry): Uint8Array {
  const large = size >= max32;
  const out = record(localHeaderLength({ name, size }));
  out.u32(0x04034b50);
  out.u16(large ? zip64Version : storedVersion);
  out.u16(0);
  out.u16(0);
  out.u16(0);
  out.u16(dosDate);
  out.u32(crc);
  out.u32(large ? max32 : size);
  out.u32(large ? max32 : size);
  out.u16(name.length);
  out.u16(large ? 20 : 0);
  out.text(name);
  if (large) {
    out.u16(1);
    out.u16(16);
    out.u64(size);
    out.u64(size);
  }
  return out.bytes;
}

/** The entry's record in the directory at the end. */
export function centralRecord({ name, size, crc }: ZipEntry, offset: number): Uint8Array {
  const wide = [...(size >= max32 ? [size, size] : []), ...(offset >= max32 ? [offset] : [])];
  const extra = wide.length === 0 ? 0 : 4 + 8 * wide.length;
  const version = wide.length === 0 ? storedVersion : zip64Version;
  const out = record(46 + name.length + extra);
  out.u32(0x02014b50);
  out.u16(madeByUnix + version);
  out.u16(version);
  out.u16(0);
  out.u16(0);
  out.u16(0);
  out.u16(dosDate);
  out.u32(crc);
  out.u32(Math.min(size, max32));
  out.u32(Math.min(size, max32));
  out.u16(name.length);
  out.u16(extra);
  out.u16(0);
  out.u16(0);
  out.u16(0);
  out.u32(externalAttributes);
  out.u32(Math.min(offset, max32));
  out.text(name);
  if (extra > 0) {
    out.u16(1);
    out.u16(8 * wide.length);
    for (const value of wide) out.u64(value);
  }
  return out.bytes;
}

/** What ends an archive: the ZIP64 records where a field overflows, and the end record. */
export function endRecords(directory: {
  readonly entries: number;
  readonly offset: number;
  readonly size: number;
}): Uint8Array {
  const { entries, offset, size } = directory;
  const large = entries >= max16 || offset >= max32 || size >= max32;
  const out = record((large ? 56 + 20 : 0) + 22);
  if (large) {
    out.u32(0x06064b50);
    out.u64(44);
    out.u16(madeByUnix + zip64Version);
    out.u16(zip64Version);
    out.u32(0);
    out.u32(0);
    out.u64(entries);
    out.u64(entries);
    out.u64(size);
    out.u64(offset);
    out.u32(0x07064b50);
    out.u32(0);
    out.u64(offset + size);
    out.u32(1);
  }
  out.u32(0x06054b50);
  out.u16(0);
  out.u16(0);
  out.u16(Math.min(entries, max16));
  out.u16(Math.min(entries, max16));
  out.u32(Math.min(size, max32));
  out.u32(Math.min(offset, max32));
  out.u16(0);
  return out.bytes;
}

/** Little-endian fields, one after the other. */
function record(length: number): {
  readonly bytes: Uint8Array;
  u16(value: number): void;
  u32(value: number): void;
  u64(value: number): void;
  text(value: string): void;
} {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  return {
    bytes,
    u16(value) {
      view.setUint16(at, value, true);
      at += 2;
    },
    u32(value) {
      view.setUint32(at, value >>> 0, true);
      at += 4;
    },
    u64(value) {
      view.setBigUint64(at, BigInt(value), true);
      at += 8;
    },
    text(value) {
      bytes.set(new TextEncoder().encode(value), at);
      at += value.length;
    },
  };
}
