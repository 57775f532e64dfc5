import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/index';
import { boxMuller } from '../../src/random/box-muller';

const moments = (values: ArrayLike<number>): { mean: number; variance: number; kurtosis: number } => {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  const central = (power: number): number =>
    list.reduce((sum, value) => sum + (value - mean) ** power, 0) / list.length;
  return { mean, variance: central(2), kurtosis: central(4) / central(2) ** 2 };
};

describe('randomStream', () => {
  const parts = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 6 });

  it.each(['normal', 'uniform'] as const)('gives the same %s draws however they are split into calls', (kind) => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 0, max: 2 ** 52 }), (counts, seed) => {
        const stream = randomStream(seed, 'noise', 3);
        const joined = counts.flatMap((count) => [...stream[kind](count)]);
        expect(joined).toEqual([...randomStream(seed, 'noise', 3)[kind](joined.length)]);
      }),
    );
  });

  it('gives the same integers however they are split into calls', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 2 ** 32 }), (counts, below) => {
        const stream = randomStream(1, 'index');
        const joined = counts.flatMap((count) => [...stream.integers(count, below)]);
        expect(joined).toEqual([...randomStream(1, 'index').integers(joined.length, below)]);
        expect(joined.every((value) => value < below)).toBe(true);
      }),
    );
  });

  it('does not depend on draws of another kind being longer than one buffer', () => {
    const stream = randomStream(9, 'noise');
    stream.uniform(1);
    const first = stream.normal(9000);
    const again = randomStream(9, 'noise');
    again.uniform(1);
    const pieces = Array.from({ length: 90 }, () => [...again.normal(100)]).flat();
    expect(pieces).toEqual([...first]);
  });

  it('is another stream for another seed, purpose or index', () => {
    const base = randomStream(1, 'noise', 0).uniform(8);
    for (const other of [
      randomStream(2, 'noise', 0),
      randomStream(1 + 2 ** 40, 'noise', 0),
      randomStream(1, 'noisf', 0),
      randomStream(1, 'noise', 1),
      randomStream(1, 'noise', 2 ** 40),
    ]) {
      expect(other.uniform(8)).not.toEqual(base);
    }
  });

  it('draws normals with the moments of N(0, 1), without correlation between neighbours or streams', () => {
    const count = 400_000;
    const values = randomStream(5, 'moments').normal(count);
    const { mean, variance, kurtosis } = moments(values);
    // Five standard errors each.
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / count));
    const other = randomStream(5, 'moments', 1).normal(count);
    let neighbours = 0;
    let streams = 0;
    for (let i = 0; i + 1 < count; i += 1) {
      neighbours += values[i] * values[i + 1];
      streams += values[i] * other[i];
    }
    expect(Math.abs(neighbours / count)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(streams / count)).toBeLessThan(5 / Math.sqrt(count));
  });

  it('draws uniforms in [0, 1) with the right moments, exact in float32', () => {
    const values = randomStream(5, 'moments').uniform(200_000);
    const { mean, variance } = moments(values);
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 / Math.sqrt(12 * 200_000));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(1e-3);
    expect(values.every((value) => value >= 0 && value < 1 && Number.isInteger(value * 2 ** 24))).toBe(true);
  });

  it('permutes: every index once, every order of three about equally often', () => {
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i += 1) {
      const order = [...randomStream(2, 'order', i).permutation(3)];
      expect([...order].sort()).toEqual([0, 1, 2]);
      seen.set(order.join(), (seen.get(order.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000));
  });

  it.each([
    [() => randomStream(-1, 'a'), /seed/],
    [() => randomStream(0.5, 'a'), /seed/],
    [() => randomStream(0, 'a', 2 ** 53), /index/],
    [() => randomStream(0, 'a').integers(1, 0), /below/],
    [() => randomStream(0, 'a').normal(-1), /count/],
    [() => randomStream(0, 'a').permutation(1.5), /count/],
  ])('refuses numbers out of range (%#)', (draw, message) => {
    expect(draw).toThrow(RangeError);
    expect(draw).toThrow(message);
  });
});

describe('boxMuller', () => {
  it('agrees with the library functions in every octant and at both ends of the logarithm', () => {
    const firsts = [0, 1, 2, 3, 1000, 0x7fffffff, 0x80000000, 0xb504f333, 0xfffffffe, 0xffffffff];
    const seconds = Array.from({ length: 64 }, (_, i) => (i * 0x4000000 + i * 77) >>> 0).concat(0xffffffff, 0x20000000);
    for (const first of firsts) {
      for (const second of seconds) {
        const out = new Float32Array(2);
        boxMuller(Uint32Array.of(first, second), 0, out, 0, 1);
        const radius = Math.sqrt(-2 * Math.log((first + 0.5) / 2 ** 32));
        const angle = (2 * Math.PI * second) / 2 ** 32;
        // One float32 rounding of the radius.
        const tolerance = 1.2e-7 * radius + 1e-15;
        expect(Math.abs(out[0] - radius * Math.cos(angle))).toBeLessThan(tolerance);
        expect(Math.abs(out[1] - radius * Math.sin(angle))).toBeLessThan(tolerance);
      }
    }
  });
});
