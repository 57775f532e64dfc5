import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyCurriculum,
  drawIntervals,
  ectPair,
  ectRatio,
  ectStage,
  ictNumScales,
  karrasSigmas,
  lognormalIntervals,
  lognormalSigma,
  weighting,
} from '../../src';
import { between } from '../support/arbitrary';

describe('consistencyCurriculum', () => {
  const training = (startEma: number, endScales: number, adaptiveForm: 'code' | 'paper' = 'code') =>
    consistencyCurriculum({
      scaleMode: 'progressive',
      emaMode: 'adaptive',
      startEma,
      startScales: 2,
      endScales,
      totalSteps: 10_000,
      adaptiveForm,
    });

  it('follows the published N(k)', () => {
    const steps = [0, 1, 100, 1000, 2500, 5000, 7500, 10_000];
    const numScales = (s1: number) => steps.map((k) => training(0.9, s1)(k).numScales);
    expect(numScales(150)).toEqual([2, 3, 16, 48, 76, 107, 131, 151]);
    expect(numScales(200)).toEqual([2, 3, 21, 64, 101, 143, 175, 201]);
  });

  it('starts the target decay at mu0^2 in the form of the code, at mu0 in that of the paper', () => {
    expect(training(0.9, 150)(0).targetEma).toBeCloseTo(0.81, 12);
    expect(training(0.9, 150)(10_000).targetEma).toBeCloseTo(0.998596, 6);
    expect(training(0.9, 150, 'paper')(0).targetEma).toBeCloseTo(0.9, 12);
  });

  it('only grows, and stays at its end after the last step', () => {
    const at = training(0.95, 200);
    fc.assert(
      fc.property(fc.nat(12_000), fc.nat(500), (k, more) => {
        const [now, later] = [at(k), at(k + more)];
        expect(later.numScales).toBeGreaterThanOrEqual(now.numScales);
        expect(later.targetEma).toBeGreaterThanOrEqual(now.targetEma);
      }),
    );
    expect(at(50_000)).toEqual(at(10_000));
  });

  it('halves to 2, then to 1, in progressive distillation', () => {
    const at = consistencyCurriculum({ scaleMode: 'progdist', startScales: 8, distillStepsPerIteration: 10 });
    expect([0, 9, 10, 19, 20, 39, 40, 400].map((k) => at(k).numScales)).toEqual([8, 8, 4, 4, 2, 2, 1, 1]);
  });

  it('asks nothing of the numbers that a mode does not read', () => {
    const at = consistencyCurriculum({
      scaleMode: 'progdist',
      startScales: 64,
      endScales: 40,
      startEma: 1,
      distillStepsPerIteration: 10,
    });
    expect(at(10)).toEqual({ numScales: 32, targetEma: 1 });
    const fixed = consistencyCurriculum({ scaleMode: 'fixed', startScales: 80, endScales: 40 });
    expect(fixed(7).numScales).toBe(80);
  });

  it('starts from a single scale where the reference does', () => {
    const growing = consistencyCurriculum({ scaleMode: 'progressive', startScales: 1, endScales: 20, totalSteps: 100 });
    expect([0, 1, 50, 100].map((k) => growing(k).numScales)).toEqual([2, 3, 15, 21]);
    const halving = consistencyCurriculum({ scaleMode: 'progdist', startScales: 1, distillStepsPerIteration: 3 });
    expect([0, 2, 3, 40].map((k) => halving(k).numScales)).toEqual([2, 2, 1, 1]);
  });

  it('reports what a mode lacks', () => {
    expect(() =>
      consistencyCurriculum({ scaleMode: 'progressive', startScales: 20, endScales: 10, totalSteps: 5 }),
    ).toThrow('endScales must be an integer >= 20, got 10');
    expect(() => consistencyCurriculum({ scaleMode: 'progressive', startScales: 2 })).toThrow(
      'totalSteps must be an integer >= 1, got NaN',
    );
    expect(() => consistencyCurriculum({ scaleMode: 'progdist', startScales: 2 })).toThrow(
      'distillStepsPerIteration must be',
    );
    expect(() => consistencyCurriculum({ scaleMode: 'fixed', emaMode: 'adaptive', startScales: 2 })).toThrow(
      'needs scaleMode "progressive"',
    );
    expect(() => consistencyCurriculum({ scaleMode: 'fixed', startScales: 1 })).toThrow(
      'startScales must be an integer >= 2, got 1',
    );
    expect(() => consistencyCurriculum({ scaleMode: 'fixed', startScales: 2, startEma: 1 })).toThrow(
      'startEma must be < 1, got 1',
    );
    expect(() => training(0.9, 150)(-1)).toThrow('step must be an integer >= 0, got -1');
  });
});

describe('improved consistency training', () => {
  const grid = karrasSigmas(11).reverse();

  it('doubles the grid as published', () => {
    const at = (k: number) => ictNumScales(k, { totalSteps: 400_000 });
    expect([0, 50_000, 100_000, 350_000, 400_000].map(at)).toEqual([11, 21, 41, 1281, 1281]);
    expect(() => ictNumScales(0, { totalSteps: 7 })).toThrow('totalSteps must be >= 8, the number of stages, got 7');
  });

  it('gives the published probabilities and weights on the first grid', () => {
    const published = [0.06263, 0.18174, 0.2455, 0.21349, 0.14245, 0.0806, 0.04108, 0.01958, 0.00894, 0.00398];
    const weights = [67.9313, 14.6271, 4.28824, 1.54528, 0.64524, 0.30087, 0.15284, 0.08315, 0.04783, 0.02883];
    lognormalIntervals(grid).forEach((p, i) => expect(Math.abs(p - published[i])).toBeLessThan(6e-6));
    const gaps = weighting('inverse-gap').batch(grid.slice(1), grid.slice(0, -1));
    gaps.forEach((weight, i) => expect(weight / weights[i]).toBeCloseTo(1, 3));
  });

  it('has probabilities that sum to 1 for every law and grid', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), between(-3, 2), between(0.3, 4), (n, pMean, pStd) => {
        const p = lognormalIntervals(karrasSigmas(n).reverse(), { pMean, pStd });
        expect(p.length).toBe(n - 1);
        expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
        expect(Math.min(...p)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('refuses grids that do not ascend and laws without mass on them', () => {
    expect(() => lognormalIntervals([2, 1])).toThrow('must be strictly increasing, but [1] = 1 follows [0] = 2');
    expect(() => lognormalIntervals([1])).toThrow('needs at least two levels, got 1');
    expect(() => lognormalIntervals([0, 1])).toThrow('sigmasAscending[0] must be > 0, got 0');
    expect(() => lognormalIntervals([1, 2], { pMean: 100, pStd: 0.1 })).toThrow(
      'mass of the law on the grid must be > 0',
    );
  });

  it('draws intervals as often as their probability says, never one of probability 0', () => {
    const uniforms = Array.from({ length: 1000 }, (_, i) => i / 1000);
    const drawn = drawIntervals([0.25, 0, 0.5, 0.25], uniforms);
    const counts = [0, 1, 2, 3].map((i) => drawn.filter((index) => index === i).length);
    expect(counts).toEqual([250, 0, 500, 250]);
    expect([...drawIntervals(lognormalIntervals(grid), [0, 1 - 2 ** -53])]).toEqual([0, 9]);
    expect(() => drawIntervals([0.5, 0.4], [0])).toThrow('probabilities must sum to 1, got 0.9');
    expect(() => drawIntervals([1], [1])).toThrow('uniforms must lie in [0, 1), got 1');
  });
});

describe('easy consistency tuning', () => {
  it('gives the published target levels', () => {
    const targets = (sigma: number, stages: number[], q = 2) =>
      stages.map((stage) => Number(ectPair(sigma, { stage, q }).sigmaNext.toFixed(6)));
    expect(targets(1, [0, 1, 3, 7])).toEqual([0, 0.212117, 0.803029, 0.987689]);
    expect(targets(5, [0, 1, 3, 7])).toEqual([2.366143, 3.683071, 4.670768, 4.979423]);
    expect(targets(5, [0, 1], 4)).toEqual([3.683071, 4.670768]);
  });

  it('has a ratio in [0, 1) that grows with the stage and with sigma', () => {
    fc.assert(
      fc.property(between(1e-3, 80), fc.nat(12), between(1.1, 8), (sigma, stage, q) => {
        const ratio = ectRatio(sigma, { stage, q });
        expect(ratio).toBeGreaterThanOrEqual(0);
        expect(ratio).toBeLessThan(1);
        expect(ectRatio(sigma, { stage: stage + 1, q })).toBeGreaterThanOrEqual(ratio);
        expect(ectRatio(2 * sigma, { stage, q })).toBeGreaterThanOrEqual(ratio);
        expect(ratio).toBeLessThanOrEqual(ectRatio(sigma, { stage, q, mapping: 'const' }));
      }),
    );
  });

  it('starts at stage 0, moves on exactly at the stage length and stops at the last stage', () => {
    expect([0, 99, 100, 250, 1e6].map((k) => ectStage(k, { stageLength: 100, maxStage: 7 }))).toEqual([0, 0, 1, 2, 7]);
    expect(() => ectStage(-1, { stageLength: 1 })).toThrow('progress must be >= 0');
    expect(() => ectStage(1, { stageLength: 0 })).toThrow('stageLength must be > 0');
  });

  it('reports arguments outside their ranges', () => {
    expect(() => ectPair(0, { stage: 0 })).toThrow('sigma must be > 0, got 0');
    expect(() => ectRatio(1, { stage: 0.5 })).toThrow('stage must be an integer >= 0, got 0.5');
    expect(() => ectRatio(1, { stage: 0, q: 1 })).toThrow('q must be > 1, got 1');
    expect(() => ectRatio(1, { stage: 0, mapping: 'linear' as 'const' })).toThrow(
      'unknown mapping "linear", expected one of sigmoid, const',
    );
  });
});

describe('lognormalSigma', () => {
  it('maps normals to levels one for one, in double precision', () => {
    const [low, middle] = lognormalSigma()([-1, 0]);
    expect(low).toBeCloseTo(Math.exp(-2.4), 15);
    expect(middle).toBeCloseTo(Math.exp(-1.2), 15);
    expect(() => lognormalSigma({ pStd: 0 })).toThrow('pStd must be > 0, got 0');
    expect(() => lognormalSigma({ pMean: Number.NaN })).toThrow('pMean must be a finite number, got NaN');
  });
});
