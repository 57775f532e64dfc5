import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ancestralStep,
  appendZero,
  consistencySchedulerGrid,
  ddimTimesteps,
  discretizationSigmas,
  exponentialSigmas,
  iddpmSigmas,
  karrasSigmas,
  linearBetaSigmas,
  polyexponentialSigmas,
  sigmaToTrigTime,
  trigProposalTimes,
  trigTimeToSigma,
  vpLawThrough,
  vpSigmas,
  vpSchedule,
} from '../../src';
import { between, sigmaRange } from '../support/arbitrary';

const strictlyDecreasing = (sigmas: readonly number[]) => sigmas.every((sigma, i) => i === 0 || sigma < sigmas[i - 1]);
const count = fc.integer({ min: 2, max: 200 });
const exponent = between(0.5, 12);

describe('karrasSigmas', () => {
  it('gives the published grid of 18 levels', () => {
    const published = [80, 57.586, 40.7856, 28.3746, 19.3525, 12.9101, 8.4009, 5.3152, 3.2568, 1.9233, 1.0882, 0.5853];
    published.push(0.2964, 0.1395, 0.0599, 0.0229, 0.0075, 0.002);
    karrasSigmas(18).forEach((sigma, i) => expect(Math.abs(sigma - published[i])).toBeLessThan(6e-5));
  });

  it('gives the published middle levels of the grids that samplers of trained models use', () => {
    const at = (n: number, indices: number[]) => indices.map((i) => Number(karrasSigmas(n)[i].toFixed(4)));
    expect(at(40, [1, 17, 18, 22, 38])).toEqual([69.4509, 4.3656, 3.5197, 1.3824, 0.0037]);
    expect(at(201, [106])).toEqual([1.9128]);
    expect(at(151, [62, 67])).toEqual([5.2485, 3.9912]);
  });

  it('starts at sigmaMax and ends at sigmaMin exactly, where the formula is a rounding error off', () => {
    const sigmas = karrasSigmas(40);
    expect(sigmas[0]).toBe(80);
    expect(sigmas.at(-1)).toBe(0.002);
    expect(sigmas.every((sigma) => sigma >= 0.002 && sigma <= 80)).toBe(true);
  });

  it('is sigmaMax alone for one level', () => {
    expect(karrasSigmas(1)).toEqual([80]);
  });

  it('names the option and its value when a bound is violated', () => {
    expect(() => karrasSigmas(18, { rho: -7 })).toThrow(new RangeError('karrasSigmas: rho must be > 0, got -7.'));
    expect(() => karrasSigmas(0)).toThrow('numLevels must be an integer >= 1, got 0');
    expect(() => karrasSigmas(2.5)).toThrow(RangeError);
    expect(() => karrasSigmas(18, { sigmaMin: 0 })).toThrow('sigmaMin must be > 0, got 0');
    expect(() => karrasSigmas(18, { sigmaMin: 80 })).toThrow('sigmaMax must be > sigmaMin = 80, got 80');
    expect(() => karrasSigmas(18, { sigmaMax: Number.NaN })).toThrow(RangeError);
  });
});

describe('every noise grid', () => {
  it('is strictly decreasing, for every range, length and exponent', () => {
    fc.assert(
      fc.property(count, sigmaRange, exponent, (n, range, rho) => {
        expect(strictlyDecreasing(karrasSigmas(n, { ...range, rho }))).toBe(true);
        expect(strictlyDecreasing(exponentialSigmas(n, range))).toBe(true);
        expect(strictlyDecreasing(discretizationSigmas('ve', n, range))).toBe(true);
      }),
    );
  });

  it('stays strictly decreasing in ln sigma where levels crowd', () => {
    fc.assert(
      fc.property(count, sigmaRange, between(0.5, 3), (n, range, rho) => {
        expect(strictlyDecreasing(polyexponentialSigmas(n, { ...range, rho }))).toBe(true);
      }),
    );
  });

  it('is strictly decreasing in VP time', () => {
    fc.assert(
      fc.property(count, between(1, 30), between(0, 1), (n, betaD, betaMin) => {
        expect(strictlyDecreasing(vpSigmas(n, { betaD, betaMin }))).toBe(true);
      }),
    );
  });

  it('scales with its range', () => {
    fc.assert(
      fc.property(count, sigmaRange, between(0.1, 10), (n, { sigmaMin, sigmaMax }, factor) => {
        const grid = karrasSigmas(n, { sigmaMin, sigmaMax });
        const scaled = karrasSigmas(n, { sigmaMin: factor * sigmaMin, sigmaMax: factor * sigmaMax });
        scaled.forEach((sigma, i) => expect(sigma / (factor * grid[i])).toBeCloseTo(1, 10));
      }),
    );
  });

  it('reports bad arguments', () => {
    expect(() => exponentialSigmas(3, { sigmaMax: 0.001 })).toThrow('exponentialSigmas: sigmaMax must be >');
    expect(() => polyexponentialSigmas(3, { rho: 0 })).toThrow('polyexponentialSigmas: rho must be > 0, got 0');
    expect(() => vpSigmas(3, { tMin: 1 })).toThrow('vpSigmas: tMin must be < 1, got 1');
    expect(() => vpSigmas(3, { betaMin: -1 })).toThrow('betaMin must be >= 0, got -1');
    expect(() => discretizationSigmas('cosine' as 'vp', 3)).toThrow(
      'unknown discretization "cosine", expected one of edm, vp, ve, iddpm',
    );
    expect(() => discretizationSigmas('iddpm', 3, { sigmaMin: 1e-5, sigmaMax: 2e-5 })).toThrow(
      'no iddpm level lies in',
    );
    expect(() => discretizationSigmas('vp', 1)).toThrow('numLevels must be an integer >= 2, got 1');
  });
});

describe('appendZero', () => {
  it('appends one zero and leaves its argument alone', () => {
    const sigmas = [2, 1];
    expect(appendZero(sigmas)).toEqual([2, 1, 0]);
    expect(sigmas).toEqual([2, 1]);
  });

  it('refuses an empty list and a list that already ends in 0', () => {
    expect(() => appendZero([])).toThrow(RangeError);
    expect(() => appendZero([1, 0])).toThrow('appendZero: the last level must be > 0, got 0');
  });
});

describe('ancestralStep', () => {
  it('keeps the variance: down^2 + up^2 = next^2', () => {
    fc.assert(
      fc.property(between(1e-3, 80), between(0, 1), between(0, 3), (sigma, ratio, eta) => {
        const next = ratio * sigma;
        const { sigmaDown, sigmaUp } = ancestralStep(sigma, next, eta);
        expect(Math.hypot(sigmaDown, sigmaUp)).toBeCloseTo(next, 10);
      }),
    );
  });

  it('is deterministic for eta 0 and on the step to 0', () => {
    expect(ancestralStep(2, 1, 0)).toEqual({ sigmaDown: 1, sigmaUp: 0 });
    expect(ancestralStep(2, 0)).toEqual({ sigmaDown: 0, sigmaUp: 0 });
  });

  it('refuses to go up', () => {
    expect(() => ancestralStep(1, 2)).toThrow('sigmaNext must be <= sigma = 1, got 2');
    expect(() => ancestralStep(0, 0)).toThrow('sigma must be > 0');
    expect(() => ancestralStep(2, 1, -1)).toThrow('eta must be >= 0');
  });
});

describe('discrete chains', () => {
  it('iddpmSigmas descends to 0 and has M + 1 levels', () => {
    const levels = iddpmSigmas({ numTimesteps: 100 });
    expect(levels).toHaveLength(101);
    expect(levels.at(-1)).toBe(0);
    expect(strictlyDecreasing(levels)).toBe(true);
  });

  it('iddpmSigmas moves by float32 rounding alone where it is not exact', () => {
    const [single, exact] = [iddpmSigmas(), iddpmSigmas({ exact: true })];
    exact.slice(0, -1).forEach((level, j) => expect(Math.abs(single[j] / level - 1)).toBeLessThan(1e-3));
    expect(single).not.toEqual(exact);
    // sqrt(1 / alphaBar - 1) of the cosine law, where the bound c1 does not bite.
    const alphaBar = Math.sin((0.5 * Math.PI * 500) / 1000 / 1.008) ** 2;
    const top = Math.sin((0.5 * Math.PI) / 1.008) ** 2;
    expect(exact[500]).toBeCloseTo(Math.sqrt(top / alphaBar - 1), 10);
  });

  it('linearBetaSigmas has T levels, ascending', () => {
    const levels = linearBetaSigmas({ numTimesteps: 50 });
    expect(levels).toHaveLength(50);
    expect(strictlyDecreasing([...levels].reverse())).toBe(true);
    expect(() => linearBetaSigmas({ betaEnd: 1 })).toThrow('betaEnd must be < 1');
    expect(() => linearBetaSigmas({ betaStart: 0.1 })).toThrow('betaEnd must be >= 0.1, got 0.02');
  });

  it('ddimTimesteps stays inside the chain for every length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.constantFrom('uniform' as const, 'quad' as const),
        (n, spacing) => {
          const steps = ddimTimesteps(n, { spacing });
          expect(steps).toHaveLength(n);
          expect(steps.every((t, i) => t >= 0 && t < 1000 && (i === 0 || t >= steps[i - 1]))).toBe(true);
        },
      ),
    );
    expect(() => ddimTimesteps(20, { numTimesteps: 10 })).toThrow(RangeError);
    expect(() => ddimTimesteps(2, { spacing: 'cubic' as 'quad' })).toThrow('unknown spacing "cubic"');
  });

  it('consistencySchedulerGrid reports lists that do not decrease or leave the grid', () => {
    expect(() => consistencySchedulerGrid([0, 22])).toThrow('strictly decreasing integers in [0, 40), got [0,22]');
    expect(() => consistencySchedulerGrid([40, 0])).toThrow(RangeError);
    expect(() => consistencySchedulerGrid([])).toThrow('steps must not be empty');
    expect(() => consistencySchedulerGrid(41)).toThrow('steps must be <= numTrainTimesteps = 40, got 41');
  });
});

describe('vpLawThrough', () => {
  it('finds the law that meets both ends', () => {
    const { sigma } = vpSchedule(vpLawThrough(0.01, 120));
    expect(sigma(1e-3)).toBeCloseTo(0.01, 10);
    expect(sigma(1)).toBeCloseTo(120, 8);
  });
});

describe('the TrigFlow clock', () => {
  it('gives the published angles', () => {
    expect(sigmaToTrigTime(80)).toBeCloseTo(1.5645464, 7);
    expect(trigTimeToSigma(1.1)).toBeCloseTo(0.9823798, 7);
    expect(sigmaToTrigTime(1.526)).toBeCloseTo(1.2541659, 7);
    expect(sigmaToTrigTime(0.821)).toBeCloseTo(1.0237757, 7);
  });

  it('returns to the level it came from', () => {
    fc.assert(
      fc.property(between(1e-4, 1e3), between(0.1, 2), (sigma, sigmaData) => {
        expect(trigTimeToSigma(sigmaToTrigTime(sigma, { sigmaData }), { sigmaData }) / sigma).toBeCloseTo(1, 8);
      }),
    );
  });

  it('reports arguments outside its ranges', () => {
    expect(() => sigmaToTrigTime(-1)).toThrow('sigma must be >= 0, got -1');
    expect(() => trigTimeToSigma(Math.PI / 2)).toThrow('t must be < pi/2');
    expect(() => trigProposalTimes([0], { pStd: 0 })).toThrow('pStd must be > 0');
  });
});
