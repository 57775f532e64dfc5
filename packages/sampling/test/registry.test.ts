import { describe, expect, it } from 'vitest';
import { findSampler, heun, samplers } from '../src';

describe('findSampler', () => {
  it('finds a sampler by name', () => {
    expect(findSampler('heun')).toBe(heun);
  });

  it.each(['hein', 'toString', '__proto__'])('refuses "%s" and lists what there is', (name) => {
    expect(() => findSampler(name)).toThrow(
      `findSampler: no sampler is named "${name}"; known: ${Object.keys(samplers).join(', ')}.`,
    );
  });
});
