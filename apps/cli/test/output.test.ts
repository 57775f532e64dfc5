import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveLine } from '../src/output/output';

describe('liveLine', () => {
  const reading = { phase: 'student (ect)', done: 1200, total: 1500, imagesPerSecond: 340.25, eta: 200 };

  it('fits the terminal, whatever its width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.boolean(), (width, withLosses) => {
        const { bar, text, spark } = liveLine({ ...reading, losses: withLosses ? [3, 2, 1] : undefined }, width);
        expect(bar.length + text.length + spark.length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('gives up the bar before the sparkline, and both before the reading', () => {
    const losses = Array.from({ length: 100 }, (_, i) => 1 / (i + 1));
    const wide = liveLine({ ...reading, losses }, 120);
    expect([wide.bar.length, wide.spark.length]).toEqual([21, 17]);
    const narrow = liveLine({ ...reading, losses }, 79);
    expect(narrow.text).toBe(wide.text);
    expect(narrow.bar).toBe('');
    expect(narrow.spark.length).toBeGreaterThan(8);
  });
});
