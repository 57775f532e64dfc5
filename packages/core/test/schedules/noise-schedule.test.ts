import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  linearSchedule,
  rectifiedFlowSchedule,
  trigSchedule,
  veSchedule,
  vpLawThrough,
  vpSchedule,
  type NoiseSchedule,
} from '../../src';
import { between } from '../support/arbitrary';

const schedules: readonly NoiseSchedule[] = [
  vpSchedule(),
  veSchedule,
  linearSchedule,
  trigSchedule(),
  rectifiedFlowSchedule,
];

describe.each(schedules.map((schedule) => [schedule.name, schedule] as const))('the %s schedule', (_, schedule) => {
  it('has derivatives that agree with central differences', () => {
    fc.assert(
      fc.property(between(0.05, 0.95), (t) => {
        const h = 1e-6;
        const slope = (f: (time: number) => number) => (f(t + h) - f(t - h)) / (2 * h);
        expect(schedule.sigmaDerivative(t) / slope(schedule.sigma)).toBeCloseTo(1, 5);
        expect(schedule.scaleDerivative(t)).toBeCloseTo(slope(schedule.scale), 5);
      }),
    );
  });

  it('finds the time of a level', () => {
    fc.assert(
      fc.property(between(1e-3, 1), (t) => {
        expect(schedule.timeOf(schedule.sigma(t)) / t).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe('a VP law through given levels', () => {
  it('may start below beta 0 and still finds times, that of level 0 too', () => {
    const law = vpLawThrough(0.002, 80);
    expect(law.betaMin).toBeLessThan(0);
    const { sigma, timeOf } = vpSchedule(law);
    expect(sigma(1e-3) / 0.002).toBeCloseTo(1, 9);
    expect(sigma(1) / 80).toBeCloseTo(1, 9);
    for (const t of [1e-3, 0.01, 0.3, 1]) expect(timeOf(sigma(t)) / t).toBeCloseTo(1, 9);
    expect(timeOf(0)).toBe(0);
  });
});

describe('schedule factories', () => {
  it('report arguments outside their ranges', () => {
    expect(() => vpSchedule({ betaD: 0 })).toThrow('vpSchedule: betaD must be > 0, got 0');
    expect(() => vpSchedule({ betaD: 2, betaMin: -1 })).toThrow(
      'vpSchedule: betaMin must be > -betaD / 2 = -1, got -1',
    );
    expect(() => trigSchedule({ sigmaData: 0 })).toThrow('trigSchedule: sigmaData must be > 0, got 0');
  });
});
