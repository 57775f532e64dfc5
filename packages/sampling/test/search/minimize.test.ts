import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenInterval, ternaryIndices, ternaryInterval } from '../../src/search/minimize';

/** Remembers what was asked, and where it was least. */
function watched(f: (at: number) => number) {
  const asked = new Map<number, number>();
  return {
    asked,
    probe: (at: number): Promise<number> => {
      const value = asked.get(at) ?? f(at);
      asked.set(at, value);
      return Promise.resolve(value);
    },
    best: () => [...asked].reduce((a, b) => (b[1] < a[1] ? b : a))[0],
  };
}

/** Falls strictly to `at`, then rises strictly, by the given positive amounts. */
const valleys = fc
  .array(fc.double({ min: 1e-6, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 200 })
  .chain((amounts) => fc.record({ amounts: fc.constant(amounts), bottom: fc.nat(amounts.length) }))
  .map(({ amounts, bottom }) => {
    const values = new Array<number>(amounts.length + 1).fill(0);
    for (let i = bottom + 1; i < values.length; i += 1) values[i] = values[i - 1] + amounts[i - 1];
    for (let i = bottom - 1; i >= 0; i -= 1) values[i] = values[i + 1] + amounts[i];
    return { values, bottom };
  });

describe('ternaryIndices', () => {
  it('finds the minimum of every strictly unimodal sequence in O(log) probes', async () => {
    await fc.assert(
      fc.asyncProperty(valleys, async ({ values, bottom }) => {
        const { probe, asked, best } = watched((at) => values[at]);
        await ternaryIndices(probe, 0, values.length - 1);
        expect(best()).toBe(bottom);
        expect(asked.size).toBeLessThanOrEqual(2 * Math.max(0, Math.log(values.length - 1) / Math.log(1.5)) + 3);
      }),
    );
  });

  it('asks for nothing outside, whatever the values', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 50 }), async (values) => {
        const { probe, asked } = watched((at) => values[at]);
        await ternaryIndices(probe, 0, values.length - 1);
        for (const at of asked.keys()) expect(Number.isInteger(at) && at >= 0 && at < values.length).toBe(true);
      }),
    );
  });

  it('has nothing to ask where there is no index', async () => {
    const { probe, asked } = watched(() => 0);
    await ternaryIndices(probe, 0, -1);
    expect(asked.size).toBe(0);
  });
});

describe.each([
  ['ternaryInterval', ternaryInterval, (rounds: number) => (2 * rounds) / Math.log(1.5) + 5],
  ['goldenInterval', goldenInterval, (rounds: number) => rounds / Math.log(1.618) + 3],
] as const)('%s', (_, search, mostProbes) => {
  it('comes within the tolerance of the minimum of a unimodal function, in O(log) probes', async () => {
    const numbers = fc.double({ min: -10, max: 10, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        numbers,
        fc.double({ min: 0.5, max: 20, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (low, width, share) => {
          const bottom = low + share * width;
          const { probe, asked, best } = watched((at) => Math.abs(at - bottom) * (at < bottom ? 3 : 1));
          await search(probe, low, low + width, 1e-3);
          expect(Math.abs(best() - bottom)).toBeLessThanOrEqual(1.001e-3);
          expect(asked.size).toBeLessThanOrEqual(mostProbes(Math.log(width / 1e-3)));
          for (const at of asked.keys()) expect(at > low && at < low + width).toBe(true);
        },
      ),
    );
  });
});
