import { describe, expect, it } from 'vitest';
import { suggestion } from '../../src/internal/suggestion';

describe('suggestion', () => {
  it('names the nearest, or all where nothing is near', () => {
    expect(suggestion('Droput', ['shape', 'dropout', 'init'])).toBe('Did you mean "dropout"?');
    expect(suggestion('zzzzzz', ['shape', 'dropout'])).toBe('Known: shape, dropout.');
  });
});
