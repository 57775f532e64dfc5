import { randomStream } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawFlips, flipHorizontally, flipVertically } from '../../src/index';

describe('flipHorizontally', () => {
  it('mirrors the columns and keeps rows and channels', () => {
    const image = Uint8Array.from([1, 2, 3, 4, 5, 6, /* row 1 */ 7, 8, 9, 10, 11, 12]);
    flipHorizontally(image, [2, 3, 2]);
    expect(Array.from(image)).toEqual([5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8]);
  });

  it('changes nothing when done twice', () => {
    const side = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat(255)), (h, w, c, bytes) => {
        const image = Uint8Array.from(bytes.take(h * w * c));
        const twice = image.slice();
        flipHorizontally(twice, [h, w, c]);
        flipHorizontally(twice, [h, w, c]);
        expect(twice).toEqual(image);
      }),
    );
  });
});

describe('flipVertically', () => {
  it('mirrors the rows, the middle one left where it is', () => {
    const image = Uint8Array.from([1, 2, 3, 4, /* row 1 */ 5, 6, 7, 8, /* row 2 */ 9, 10, 11, 12]);
    flipVertically(image, [3, 2, 2]);
    expect(Array.from(image)).toEqual([9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4]);
  });
});

describe('drawFlips', () => {
  it('draws zeros and ones, about half of each', () => {
    const flips = drawFlips(randomStream(3, 'data.flip'), 4000);
    const ones = flips.filter((flip) => flip === 1).length;
    expect(flips.every((flip) => flip === 0 || flip === 1)).toBe(true);
    // Six standard deviations of a fair coin.
    expect(Math.abs(ones - 2000)).toBeLessThan(6 * Math.sqrt(1000));
  });

  it('is a function of the stream', () => {
    expect(drawFlips(randomStream(3, 'data.flip', 5), 64)).toEqual(drawFlips(randomStream(3, 'data.flip', 5), 64));
  });
});
