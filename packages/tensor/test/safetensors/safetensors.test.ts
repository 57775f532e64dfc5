import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  OnestepError,
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
  writeSafetensorsHeader,
  type HostTensor,
} from '../../src/index';

/** A file made by hand: header text and data bytes. */
function file(header: string | object, data: ArrayLike<number> = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const names = fc
  .string({ minLength: 0, maxLength: 12, unit: 'grapheme' })
  .filter((name) => !['__proto__', 'constructor', 'prototype', '__metadata__'].includes(name));

const tensor: fc.Arbitrary<HostTensor> = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), fc.boolean(), fc.integer())
  .map(([shape, isFloat, salt]) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return isFloat
      ? { dtype: 'float32', shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i + salt)) }
      : { dtype: 'int32', shape, data: Int32Array.from({ length: size }, (_, i) => i ^ salt) };
  });

const records = fc.dictionary(names, tensor, { maxKeys: 6, noNullPrototype: true });

describe('safetensors', () => {
  it('gives back what was written, to the bit', () => {
    fc.assert(
      fc.property(
        records,
        fc.dictionary(names, fc.string(), { maxKeys: 3, noNullPrototype: true }),
        (tensors, metadata) => {
          const bytes = writeSafetensors(tensors, metadata);
          const read = readSafetensors(bytes);
          expect(read.metadata).toEqual(metadata);
          expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(tensors).sort());
          for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
            expect(read.tensors[name]).toMatchObject({ dtype, shape });
            expect(read.tensors[name].data).toEqual(data);
          }
        },
      ),
    );
  });

  it('starts the data on a multiple of eight and sorts the names', () => {
    const one: HostTensor = { dtype: 'float32', shape: [1], data: Float32Array.of(1) };
    const bytes = writeSafetensors({ b: one, a: one });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + length)).trimEnd()).toBe(
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    );
  });

  it('either refuses a header with one changed byte, or reads a valid record', () => {
    const bytes = writeSafetensors(
      {
        'enc.conv0.weight': { dtype: 'float32', shape: [2, 3], data: new Float32Array(6) },
        step: { dtype: 'int32', shape: [], data: Int32Array.of(7) },
      },
      { config: '{}' },
    );
    const headerEnd = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    for (let position = 0; position < headerEnd; position += 1) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const damaged = bytes.slice();
        damaged[position] ^= flip;
        try {
          for (const { shape, data } of Object.values(readSafetensors(damaged).tensors)) {
            expect(data.length).toBe(shape.reduce((product, extent) => product * extent, 1));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(OnestepError);
          expect((error as OnestepError).code).toBe('bad-weight-file');
        }
      }
    }
  });

  it('refuses any bytes that are not a file, with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => readSafetensors(bytes)).toThrow(OnestepError);
      }),
    );
  });

  const four = [0, 0, 128, 63];
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  it.each([
    ['a cut header', file(entry).subarray(0, 12), /cut short/],
    ['a header above the cap', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), /at most/],
    ['cut data', file({ a: entry }, [0, 0]), /cut short/],
    ['bytes behind the last tensor', file({ a: entry }, [...four, 1]), /end at byte/],
    ['a gap', file({ a: { ...entry, data_offsets: [4, 8] } }, [...four, ...four]), /gap/],
    ['an overlap', file({ a: entry, b: entry }, four), /overlaps/],
    [
      'a repeated key',
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        four,
      ),
      /occurs twice/,
    ],
    [
      'a repeated inner key',
      file('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', four),
      /occurs twice/,
    ],
    ['__proto__', file('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four), /reserved/],
    ['constructor in the metadata', file('{"__metadata__":{"constructor":"x"}}'), /reserved/],
    ['metadata that is no string', file({ __metadata__: { a: 1 } }), /expected a string/],
    ['a size unlike the shape', file({ a: { ...entry, shape: [2] } }, four), /needs 8 bytes/],
    ['a product that overflows', file({ a: { ...entry, shape: [2 ** 31, 2 ** 31, 4] } }, four), /product/],
    ['a fractional extent', file({ a: { ...entry, shape: [1.5] } }, four), /shape/],
    ['an unknown dtype', file({ a: { ...entry, dtype: 'F8' } }, four), /expected one of/],
    ['an unknown field', file({ a: { ...entry, stride: 1 } }, four), /unknown key/],
    ['an array as header', file('[]'), /must open/],
    ['a BOOL above one', file({ a: { dtype: 'BOOL', shape: [1], data_offsets: [0, 1] } }, [2]), /0 or 1/],
    [
      'an I64 that does not fit',
      file({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, [0, 0, 0, 0, 1, 0, 0, 0]),
      /int32/,
    ],
    [
      'a half without leave to convert',
      file({ a: { dtype: 'F16', shape: [2], data_offsets: [0, 4] } }, four),
      /toFloat32/,
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message);
    expect(() => readSafetensors(bytes)).toThrow(OnestepError);
  });

  it('reads the other types', () => {
    const read = (dtype: string, size: number, data: number[]): number[] => [
      ...readSafetensors(file({ a: { dtype, shape: [data.length / size], data_offsets: [0, data.length] } }, data), {
        toFloat32: true,
      }).tensors.a.data,
    ];
    const bytes = (values: ArrayBufferView): number[] => [...new Uint8Array(values.buffer)];
    // 1, -2, 65504 (largest), 2^-24 (smallest), infinity
    expect(read('F16', 2, bytes(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 1, 0x7c00)))).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      Infinity,
    ]);
    expect(read('F16', 2, bytes(Uint16Array.of(0x7e00)))).toEqual([NaN]);
    expect(read('BF16', 2, bytes(Uint16Array.of(0x3f80, 0xc000)))).toEqual([1, -2]);
    expect(read('F64', 8, bytes(Float64Array.of(0.1)))).toEqual([Math.fround(0.1)]);
    expect(read('I64', 8, bytes(BigInt64Array.of(-5n)))).toEqual([-5]);
    expect(read('U8', 1, [0, 255])).toEqual([0, 255]);
    expect(read('BOOL', 1, [0, 1])).toEqual([0, 1]);
  });

  it('does not write what it would not read', () => {
    const one: HostTensor = { dtype: 'float32', shape: [1], data: Float32Array.of(1) };
    expect(() => writeSafetensors({ constructor: one })).toThrow(TypeError);
    expect(() => writeSafetensors({ __metadata__: one })).toThrow(/taken/);
    expect(() => writeSafetensors({ a: { ...one, shape: [2] } })).toThrow(/1 elements/);
    expect(() => writeSafetensors({ a: one }, { step: 3 } as never)).toThrow(/not a string/);
  });

  it('have a beginning that can be written and read alone, its sizes held against the length of the file', () => {
    const a: HostTensor = { dtype: 'float32', shape: [2, 1], data: Float32Array.of(1, 2) };
    const b: HostTensor = { dtype: 'int32', shape: [1], data: Int32Array.of(3) };
    const whole = writeSafetensors({ b, a }, { note: 'x' });
    const head = writeSafetensorsHeader({ b, a }, { note: 'x' });
    expect(whole.subarray(0, head.length)).toEqual(head);
    const { entries, metadata } = readSafetensorsHeader(head, whole.length);
    expect(metadata).toEqual({ note: 'x' });
    expect(entries.map(({ name, start, end }) => [name, start - head.length, end - head.length])).toEqual([
      ['a', 0, 8],
      ['b', 8, 12],
    ]);
    expect(() => readSafetensorsHeader(head, whole.length - 1)).toThrow(/cut short/);
  });
});
