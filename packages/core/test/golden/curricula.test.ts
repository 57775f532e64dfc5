import { describe, expect, it } from 'vitest';
import {
  consistencyCurriculum,
  ectPair,
  ectRatio,
  ictHuberConstant,
  ictNumScales,
  karrasSigmas,
  lognormalIntervals,
  weighting,
} from '../../src';
import { erf } from '../../src/internal/erf';
import { expectClose, float64Tolerance } from '../support/close';
import { goldenFolder, readSchedule, type GoldenTensor } from '../support/golden';

interface EmaAndScales {
  target_ema_mode: 'fixed' | 'adaptive';
  scale_mode: 'fixed' | 'progressive' | 'progdist';
  start_ema: number;
  start_scales: number;
  end_scales: number;
  total_steps: number;
  distill_steps_per_iter: number;
  step: number[];
  target_ema: number[];
  num_scales: number[];
  num_scales_kinyugo?: number[];
  ema_kinyugo?: number[];
}
interface Ect {
  t: GoldenTensor;
  cases: {
    q: number;
    k: number;
    b: number;
    adj: 'sigmoid' | 'const';
    stage: number;
    ratio: number;
    r: GoldenTensor;
    weight: GoldenTensor;
  }[];
}
interface Ict {
  discretization: { s0: number; s1: number; total_steps: number; step: number[]; num_sigmas: number[] }[];
  lognormal: ({
    num_sigmas: number;
    sigma_min: number;
    sigma_max: number;
    rho: number;
    P_mean: number;
    P_std: number;
    index: number[];
    sum_unnormalised: number;
  } & Record<'sigma_lo' | 'sigma_hi' | 'p' | 'p_unnormalised' | 'loss_weight', GoldenTensor>)[];
  pseudo_huber_c: { shape_chw: number[]; c: number }[];
}

describe.runIf(goldenFolder() !== undefined)('golden curricula', () => {
  it('consistencyCurriculum equals create_ema_and_scales_fn', () => {
    for (const entry of (readSchedule('ct') as { ema_and_scales: EmaAndScales[] }).ema_and_scales) {
      const options = {
        scaleMode: entry.scale_mode,
        emaMode: entry.target_ema_mode,
        startEma: entry.start_ema,
        startScales: entry.start_scales,
        endScales: entry.end_scales,
        totalSteps: entry.total_steps,
        distillStepsPerIteration: entry.distill_steps_per_iter,
      };
      const values = entry.step.map(consistencyCurriculum(options));
      expect(values.map(({ numScales }) => numScales)).toEqual(entry.num_scales);
      expectClose(
        values.map(({ targetEma }) => targetEma),
        entry.target_ema,
        float64Tolerance,
      );
      if (entry.ema_kinyugo !== undefined) {
        const paper = entry.step.map(consistencyCurriculum({ ...options, adaptiveForm: 'paper' }));
        expect(paper.map(({ numScales }) => numScales)).toEqual(entry.num_scales_kinyugo);
        expectClose(
          paper.map(({ targetEma }) => targetEma),
          entry.ema_kinyugo,
          float64Tolerance,
        );
      }
    }
  });

  it('ectPair, its limit ratio and its weight equal ECMLoss', () => {
    const { t, cases } = readSchedule('ect') as Ect;
    for (const { q, k, b, adj, stage, ratio, r, weight } of cases) {
      const pairs = t.data.map((sigma) => ectPair(sigma, { stage, q, k, b, mapping: adj }));
      const targets = pairs.map(({ sigmaNext }) => sigmaNext);
      expectClose(targets, r.data, float64Tolerance);
      expectClose(weighting('inverse-gap').batch(t.data, targets), weight.data, float64Tolerance);
      expect(ectRatio(1, { stage, q, mapping: 'const' })).toBeCloseTo(ratio, 15);
    }
  });

  it('ictNumScales equals public code', () => {
    for (const { s0, s1, total_steps, step, num_sigmas } of (readSchedule('ict') as Ict).discretization) {
      const options = { startScales: s0, endScales: s1, totalSteps: total_steps };
      expect(step.map((k) => ictNumScales(k, options))).toEqual(num_sigmas);
    }
  });

  it('lognormalIntervals and the inverse-gap weights equal the reference, also before normalisation', () => {
    for (const entry of (readSchedule('ict') as Ict).lognormal) {
      const { num_sigmas, sigma_min, sigma_max, rho, P_mean, P_std, index } = entry;
      const sigmas = karrasSigmas(num_sigmas, { sigmaMin: sigma_min, sigmaMax: sigma_max, rho }).reverse();
      const low = index.map((i) => sigmas[i]);
      const high = index.map((i) => sigmas[i + 1]);
      expectClose(low, entry.sigma_lo.data, float64Tolerance);
      expectClose(high, entry.sigma_hi.data, float64Tolerance);
      const probabilities = lognormalIntervals(sigmas, { pMean: P_mean, pStd: P_std });
      expectClose(
        index.map((i) => probabilities[i]),
        entry.p.data,
        float64Tolerance,
      );
      const point = (sigma: number) => erf((Math.log(sigma) - P_mean) / (Math.SQRT2 * P_std));
      expectClose(
        index.map((_, i) => point(high[i]) - point(low[i])),
        entry.p_unnormalised.data,
        float64Tolerance,
      );
      expectClose([point(sigmas.at(-1)!) - point(sigmas[0])], [entry.sum_unnormalised], float64Tolerance);
      expectClose(weighting('inverse-gap').batch(high, low), entry.loss_weight.data, float64Tolerance);
    }
  });

  it('ictHuberConstant equals 0.00054 sqrt(d)', () => {
    for (const { shape_chw, c } of (readSchedule('ict') as Ict).pseudo_huber_c) {
      expect(ictHuberConstant(shape_chw.reduce((a, b) => a * b))).toBeCloseTo(c, 15);
    }
  });
});
