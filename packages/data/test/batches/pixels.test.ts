import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes, toBytes } from '../../src/index';

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

describe('fromBytes', () => {
  it('maps 0 to -1 and 255 to 1, rounding once', () => {
    expect(Array.from(fromBytes(everyByte))).toEqual(Array.from(everyByte, (byte) => Math.fround(byte / 127.5 - 1)));
    expect([fromBytes(everyByte)[0], fromBytes(everyByte)[255]]).toEqual([-1, 1]);
  });
});

describe('toBytes', () => {
  it('inverts fromBytes for every byte', () => {
    expect(toBytes(fromBytes(everyByte))).toEqual(everyByte);
  });

  it('truncates x * 127.5 + 128 and clips it to [0, 255]', () => {
    const values = Float32Array.of(-1, -0.999, 0, 0.5, 1, 1.5, -7, Infinity, -Infinity, NaN);
    // -0.999 * 127.5 + 128 = 0.6275; 0.5 * 127.5 + 128 = 191.75; 1 * 127.5 + 128 = 255.5
    expect(Array.from(toBytes(values))).toEqual([0, 0, 128, 191, 255, 255, 0, 255, 0, 0]);
  });

  it('never decreases', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), fc.float({ noNaN: true }), (a, b) => {
        const [low, high] = toBytes(Float32Array.of(Math.min(a, b), Math.max(a, b)));
        expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });
});
