import {
  consistencyCurriculum,
  ectRatio,
  ictHuberConstant,
  ictNumScales,
  karrasSigmas,
  lognormalIntervals,
  weighting,
  type ConsistencyCurriculumOptions,
} from '@onestep/core';
import type { GoldenCase } from '../../case';
import { compare, compareAll, tolerances } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { karrasOptions } from './noise-grids';

/** N(k) and mu(k) of consistency training (`ct.json`). */
export const consistencyCurricula: Family = {
  name: 'consistency curriculum',
  recognises: (content) => content.has('ema_and_scales'),
  cases: (file) => bySection(file, { ema_and_scales: () => eachEntry(file, 'ema_and_scales', emaAndScalesCases) }),
};

function emaAndScalesCases(entry: Entry, name: string): readonly GoldenCase[] {
  const optional = (key: string): number | undefined => (entry.has(key) ? entry.number(key) : undefined);
  const run = (adaptiveForm: 'code' | 'paper', ema: string, scales: string) => () => {
    const curriculum = consistencyCurriculum({
      scaleMode: entry.text('scale_mode') as ConsistencyCurriculumOptions['scaleMode'],
      emaMode: entry.text('target_ema_mode') as 'fixed' | 'adaptive',
      startEma: optional('start_ema'),
      startScales: entry.number('start_scales'),
      // A mode has no use for some of these.
      endScales: optional('end_scales'),
      totalSteps: optional('total_steps'),
      distillStepsPerIteration: optional('distill_steps_per_iter'),
      adaptiveForm,
    });
    const values = entry.numbers('step').map(curriculum);
    return compareAll(
      {
        [ema]: [values.map(({ targetEma }) => targetEma), entry.numbers(ema)],
        [scales]: [values.map(({ numScales }) => numScales), entry.numbers(scales)],
      },
      tolerances.schedule,
    );
  };
  return [
    { name, run: run('code', 'target_ema', 'num_scales') },
    // Kinyugo's code has the paper's mu(k).
    ...(entry.has('ema_kinyugo', 'num_scales_kinyugo')
      ? [{ name: `${name}/kinyugo`, run: run('paper', 'ema_kinyugo', 'num_scales_kinyugo') }]
      : []),
  ];
}

/** Discretisation, intervals and constants of iCT (`ict.json`). */
export const ictCurricula: Family = {
  name: 'iCT schedule',
  recognises: (content) => content.has('discretization', 'lognormal'),
  cases: (file) =>
    bySection(file, {
      discretization: () => eachEntry(file, 'discretization', discretizationCase),
      lognormal: () => eachEntry(file, 'lognormal', lognormalCase),
      pseudo_huber_c: () => eachEntry(file, 'pseudo_huber_c', huberCase),
    }),
};

function discretizationCase(entry: Entry, name: string): GoldenCase {
  return {
    name,
    run() {
      const options = {
        startScales: entry.number('s0'),
        endScales: entry.number('s1'),
        totalSteps: entry.number('total_steps'),
      };
      const scales = entry.numbers('step').map((step) => ictNumScales(step, options));
      return compare(scales, entry.numbers('num_sigmas'), tolerances.exact);
    },
  };
}

function lognormalCase(entry: Entry, name: string): GoldenCase {
  return {
    name,
    run() {
      const sigmas = karrasSigmas(entry.number('num_sigmas'), karrasOptions(entry)).reverse();
      const p = lognormalIntervals(sigmas, { pMean: entry.number('P_mean'), pStd: entry.number('P_std') });
      const stored = entry.numbers('index');
      const total = entry.number('sum_unnormalised');
      const weigh = weighting('inverse-gap');
      return compareAll(
        {
          sigma_lo: [stored.map((i) => sigmas[i]), entry.numbers('sigma_lo')],
          sigma_hi: [stored.map((i) => sigmas[i + 1]), entry.numbers('sigma_hi')],
          p: [stored.map((i) => p[i]), entry.numbers('p')],
          p_unnormalised: [stored.map((i) => p[i] * total), entry.numbers('p_unnormalised')],
          loss_weight: [stored.map((i) => weigh(sigmas[i + 1], sigmas[i])), entry.numbers('loss_weight')],
        },
        tolerances.schedule,
      );
    },
  };
}

function huberCase(entry: Entry, name: string): GoldenCase {
  const size = entry.numbers('shape_chw').reduce((product, length) => product * length, 1);
  return { name, run: () => compare([ictHuberConstant(size)], [entry.number('c')], tolerances.schedule) };
}

/** Pairs of noise levels of ECT (`ect.json`). */
export const ectMapping: Family = {
  name: 'ECT mapping',
  recognises: (content) => content.has('t', 'cases') && content.everyCaseHas('ratio', 'r', 'weight'),
  cases: (file) =>
    bySection(file, {
      t: 'shared',
      cases: () => eachEntry(file, 'cases', (entry, name) => ectCase(file, entry, name)),
    }),
};

function ectCase(file: GoldenFile, entry: Entry, name: string): GoldenCase {
  return {
    name,
    run() {
      const t = file.content.numbers('t');
      const options = {
        stage: entry.number('stage'),
        q: entry.number('q'),
        k: entry.number('k'),
        b: entry.number('b'),
        mapping: entry.text('adj') as 'sigmoid' | 'const',
      };
      const r = t.map((sigma) => sigma * ectRatio(sigma, options));
      return compareAll(
        {
          r: [r, entry.numbers('r')],
          weight: [weighting('inverse-gap').batch(t, r), entry.numbers('weight')],
          ratio: [[ectRatio(1, { ...options, mapping: 'const' })], [entry.number('ratio')]],
        },
        tolerances.schedule,
      );
    },
  };
}
