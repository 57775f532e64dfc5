import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearestName } from '../src/nearest-name';

describe('nearestName', () => {
  it('counts insertions, deletions, substitutions and swaps, symmetrically', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('etc', 'ect')).toBe(1);
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, a)).toBe(0);
      }),
    );
  });

  it('finds the name with the fewest edits, whatever its case', () => {
    expect(nearestName('Droput', ['shape', 'dropout', 'init'])).toBe('dropout');
  });

  it('stays silent when nothing is near, or the name is no name', () => {
    expect(nearestName('colour', ['steps', 'batchSize'])).toBeUndefined();
    expect(nearestName('a'.repeat(1e6), ['a'.repeat(1e6)])).toBeUndefined();
  });
});
