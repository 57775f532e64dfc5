import { describe, expect, it } from 'vitest';
import { nearest, suggestion } from '../../src/internal/nearest';

describe('nearest', () => {
  it('finds the word with the fewest edits, whatever its case', () => {
    expect(nearest('Droput', ['shape', 'dropout', 'init'])).toBe('dropout');
  });

  it('finds nothing for a word that resembles none', () => {
    expect(nearest('zzzzzz', ['shape', 'dropout'])).toBeUndefined();
    expect(suggestion('zzzzzz', ['shape', 'dropout'])).toBe('Known: shape, dropout.');
  });
});
