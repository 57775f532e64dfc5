import { describe, expect, it } from 'vitest';
import { npyHeader } from '../../src/internal/npy-header';
import { centralRecord, endRecords, localHeader, localHeaderLength } from '../../src/internal/zip-records';

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

describe('zip records', () => {
  it('use 32-bit fields while they suffice', () => {
    const entry = { name: 'a.png', size: 70, crc: 0x12345678 };
    const local = view(localHeader(entry));
    expect(local.byteLength).toBe(35);
    expect(localHeaderLength(entry)).toBe(35);
    expect([local.getUint32(14, true), local.getUint32(18, true), local.getUint16(28, true)]).toEqual([
      entry.crc,
      70,
      0,
    ]);
    expect(centralRecord(entry, 99)).toHaveLength(51);
    expect(endRecords({ entries: 2, offset: 100, size: 50 })).toHaveLength(22);
  });

  it('move sizes and offsets beyond 4 GB into ZIP64 fields', () => {
    const entry = { name: 'arr_0.npy', size: 5e9, crc: 1 };
    const local = view(localHeader(entry));
    expect(local.getUint32(18, true)).toBe(0xffffffff);
    expect([local.getUint16(39, true), local.getBigUint64(43, true)]).toEqual([1, 5_000_000_000n]);
    expect(localHeaderLength(entry)).toBe(local.byteLength);
    const central = view(centralRecord({ name: 'b', size: 3, crc: 1 }, 6e9));
    expect([central.getUint32(24, true), central.getUint32(42, true)]).toEqual([3, 0xffffffff]);
    expect([central.getUint16(49, true), central.getBigUint64(51, true)]).toEqual([8, 6_000_000_000n]);
  });

  it('count more than 65,534 entries in ZIP64 records', () => {
    const end = view(endRecords({ entries: 70_000, offset: 1000, size: 500 }));
    expect(end.byteLength).toBe(98);
    expect([end.getBigUint64(32, true), end.getBigUint64(48, true)]).toEqual([70_000n, 1000n]);
    expect([end.getUint32(56, true), end.getBigUint64(64, true)]).toEqual([0x07064b50, 1500n]);
    expect(end.getUint16(76 + 10, true)).toBe(0xffff);
  });
});

describe('npyHeader', () => {
  it('is a multiple of 64 bytes and a Python literal', () => {
    const bytes = npyHeader('<i8', [50_000]);
    expect(bytes.length % 64).toBe(0);
    expect(bytes.subarray(0, 8)).toEqual(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0));
    const text = new TextDecoder('latin1').decode(bytes.subarray(10));
    expect(text).toMatch(/^\{'descr': '<i8', 'fortran_order': False, 'shape': \(50000,\), \} *\n$/);
    expect(view(bytes).getUint16(8, true)).toBe(text.length);
  });
});
