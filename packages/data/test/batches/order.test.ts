import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchAt, batchIndices, shuffledIndices } from '../../src/index';

const seeds = fc.nat(2 ** 31);

describe('shuffledIndices', () => {
  it('is a permutation for every length, seed and epoch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), seeds, fc.nat(1000), (length, seed, epoch) => {
        const sorted = shuffledIndices({ length, seed, epoch }).sort();
        expect(Array.from(sorted)).toEqual(Array.from({ length }, (_, i) => i));
      }),
    );
  });

  it('depends on seed and epoch and on nothing else', () => {
    const order = (seed: number, epoch: number): number[] => Array.from(shuffledIndices({ length: 50, seed, epoch }));
    expect(order(1, 2)).toEqual(order(1, 2));
    expect(order(1, 2)).not.toEqual(order(1, 3));
    expect(order(1, 2)).not.toEqual(order(2, 2));
  });

  it('refuses an empty dataset', () => {
    expect(() => shuffledIndices({ length: 0, seed: 0, epoch: 0 })).toThrow(RangeError);
  });
});

describe('batchIndices', () => {
  it('visits every image exactly once in each epoch, whatever the batch size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 90 }),
        seeds,
        (length, batchSize, seed) => {
          const batch = batchIndices({ length, batchSize, seed });
          const numEpochs = 3;
          const sequence = Array.from({ length: Math.ceil((numEpochs * length) / batchSize) }, (_, k) => [...batch(k)]);
          for (let epoch = 0; epoch < numEpochs; epoch += 1) {
            const visited = sequence.flat().slice(epoch * length, (epoch + 1) * length);
            expect(visited).toEqual(Array.from(shuffledIndices({ length, seed, epoch })));
          }
        },
      ),
    );
  });

  it('gives the same batches when resumed from any batch number, in any order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.nat(200), { minLength: 1, maxLength: 8 }),
        (length, batchSize, visits) => {
          const options = { length, batchSize, seed: 7 };
          const batch = batchIndices(options);
          for (const batchNumber of visits) {
            expect(Array.from(batch(batchNumber))).toEqual(Array.from(batchAt({ ...options, batchNumber })));
          }
        },
      ),
    );
  });

  it('straddles two epochs instead of dropping the rest', () => {
    const first = shuffledIndices({ length: 5, seed: 1, epoch: 0 });
    const second = shuffledIndices({ length: 5, seed: 1, epoch: 1 });
    const batch = batchAt({ length: 5, batchSize: 3, seed: 1, batchNumber: 1 });
    expect(Array.from(batch)).toEqual([first[3], first[4], second[0]]);
  });

  it.each([
    [{ length: 0, batchSize: 1, seed: 0 }, 0],
    [{ length: 5, batchSize: 0, seed: 0 }, 0],
    [{ length: 5, batchSize: 1.5, seed: 0 }, 0],
    [{ length: 5, batchSize: 2, seed: -1 }, 0],
    [{ length: 5, batchSize: 2, seed: 0 }, -1],
    [{ length: 5, batchSize: 2, seed: 0 }, 2 ** 53],
  ])('refuses %o, batch %d', (options, batchNumber) => {
    expect(() => batchIndices(options)(batchNumber)).toThrow(RangeError);
  });
});
