import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketMeans, formatBytes, formatDuration, progressBar, sparkline, table, wrap } from '../src/output/format';

describe('sparkline', () => {
  it('runs from the highest to the lowest bar for a falling loss', () => {
    expect(sparkline([8, 4, 2, 1], 8)).toBe('█▆▃▁');
  });

  it('is empty without a finite value and flat for a constant one', () => {
    expect(sparkline([Number.NaN], 8)).toBe('');
    expect(sparkline([3, 3, 3], 8)).toBe('▁▁▁');
  });

  it('never exceeds its width', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 200 }), (values) => {
        expect(sparkline(values, 16).length).toBeLessThanOrEqual(16);
      }),
    );
  });
});

describe('bucketMeans', () => {
  it('keeps the mean when the runs are equally long', () => {
    expect(bucketMeans([1, 3, 5, 7], 2)).toEqual([2, 6]);
  });
});

describe('progressBar', () => {
  it('fills in proportion and clips fractions outside [0, 1]', () => {
    expect(progressBar(0.5, 4)).toBe('━━──');
    expect(progressBar(7, 4)).toBe('━━━━');
    expect(progressBar(-1, 4)).toBe('────');
  });
});

describe('formatDuration and formatBytes', () => {
  it('choose the unit by size', () => {
    expect([45, 200, 7500].map(formatDuration)).toEqual(['45s', '3m 20s', '2h 05m']);
    expect([12, 1500, 17_300_000].map(formatBytes)).toEqual(['12 B', '1.5 kB', '17.3 MB']);
  });
});

describe('table', () => {
  it('aligns columns to the widest cell', () => {
    expect(
      table([
        ['a', 'bb'],
        ['ccc', 'd'],
      ]),
    ).toEqual(['a    bb', 'ccc  d']);
  });
});

describe('wrap', () => {
  it('breaks between words only, and loses none', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable word', 4)).toEqual(['unbreakable', 'word']);
    expect(wrap('all on one line', Number.POSITIVE_INFINITY)).toEqual(['all on one line']);
  });
});
