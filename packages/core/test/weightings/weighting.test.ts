import { describe, expect, it } from 'vitest';
import { weighting } from '../../src';

describe('weighting', () => {
  it('carries its name and gives one factor per image', () => {
    const truncated = weighting('truncated-snr');
    expect(truncated.name).toBe('truncated-snr');
    expect(truncated(0.5)).toBe(4);
    expect([...truncated.batch([0.5, 2])]).toEqual([4, 1]);
  });

  it('takes the gap of a pair for inverse-gap', () => {
    expect(weighting('inverse-gap')(3, 1)).toBe(0.5);
    expect([...weighting('inverse-gap').batch([3, 2], [1, 0])]).toEqual([0.5, 0.5]);
  });

  it('refuses a gap that is missing, empty or of another length', () => {
    expect(() => weighting('inverse-gap')(3)).toThrow('sigmaNext must be in [0, sigma = 3), got NaN');
    expect(() => weighting('inverse-gap')(3, 3)).toThrow(RangeError);
    expect(() => weighting('uniform').batch([1, 2], [1])).toThrow('sigmasNext must be as long as sigmas, got 1 and 2');
  });

  it('lists the known names when a name is unknown, and checks its numbers', () => {
    expect(() => weighting('constant')).toThrow(
      'unknown weighting "constant", expected one of uniform, snr, snr+1, karras, truncated-snr, edm, inverse-gap',
    );
    expect(() => weighting('edm', { sigmaData: 0 })).toThrow('sigmaData must be > 0, got 0');
    expect(() => weighting('snr')(0)).toThrow('sigma must be > 0, got 0');
  });
});
