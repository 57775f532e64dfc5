import {
  consistencyPreconditioning,
  distanceFromName,
  karrasSigmas,
  weighting,
  type WeightingName,
} from '@onestep/core';
import { modelOf, cdObjective, ctObjective } from '@onestep/training';
import type { AnyCase } from '../../case';
import { compareAll, tolerances, type Comparison } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { mixtureOf } from '../mixture';
import { karrasOptions } from '../schedules/noise-grids';
import { rowNetwork, uploadRowParams } from './row-network';
import { runObjective } from './run-objective';

/** Consistency distillation and training (`consistency_distillation.json`, `consistency_training.json`). */
export const consistencyLosses: Family = {
  name: 'consistency losses',
  recognises: (content) => content.has('student', 'target', 'cases') && content.everyCaseHas('t2', 'x_t2'),
  cases: (file) =>
    bySection(file, {
      student: 'shared',
      target: 'shared',
      gmm: 'shared',
      cases: () => eachEntry(file, 'cases', (entry, name) => lossCases(file, entry, name)),
    }),
};

function lossCases(file: GoldenFile, entry: Entry, prefix: string): AnyCase | readonly AnyCase[] {
  const distance = entry.text('loss_norm');
  const method = isTraining(entry) ? 'ct' : 'cd';
  const name = `${prefix}/${method}`;
  if (['l2-32', 'lpips'].includes(distance)) return { name, needs: `distance ${distance}` };
  if (!['l1', 'l2'].includes(distance)) return { name, problem: `unknown distance "${distance}"` };
  return [
    { name: `${name}/levels`, run: () => compareLevels(entry) },
    { name, run: () => run(file, entry, method) },
  ];
}

/** Without a teacher the lower point lies on the same line, x0 + t2 noise. */
function isTraining(entry: Entry): boolean {
  const [x0, noise, reached, t2] = ['x0', 'noise', 'x_t2', 't2'].map((key) => entry.numbers(key));
  const width = x0.length / t2.length;
  return reached.every((value, i) => {
    const level = t2[Math.floor(i / width)];
    return Math.abs(value - (x0[i] + level * noise[i])) <= 1e-9 * (1 + level);
  });
}

function compareLevels(entry: Entry): Comparison {
  const sigmas = karrasSigmas(entry.number('num_scales'), karrasOptions(entry));
  const indices = entry.numbers('indices');
  const weigh = weighting(entry.text('weight_schedule'), { sigmaData: entry.number('sigma_data') });
  return compareAll(
    {
      t: [indices.map((i) => sigmas[i]), entry.numbers('t')],
      t2: [indices.map((i) => sigmas[i + 1]), entry.numbers('t2')],
      weight: [weigh.batch(entry.numbers('t')), entry.numbers('weight')],
    },
    tolerances.schedule,
  );
}

function run(file: GoldenFile, entry: Entry, method: 'cd' | 'ct'): Promise<Comparison> {
  const range = karrasOptions(entry);
  const sigmaData = entry.number('sigma_data');
  const options = {
    ...range,
    sigmaData,
    distance: distanceFromName(entry.text('loss_norm')),
    weighting: entry.text('weight_schedule') as WeightingName,
  };
  const net = file.content.entry('student');
  return runObjective({
    objective:
      method === 'cd'
        ? cdObjective({ ...options, numScales: entry.number('num_scales'), targetEma: 0.5 })
        : ctObjective(options),
    model: modelOf(
      rowNetwork(net.number('time_scale')),
      consistencyPreconditioning({ sigmaData, sigmaMin: range.sigmaMin, sigmaMax: range.sigmaMax, cNoise: 'openai' }),
    ),
    student: uploadRowParams(net),
    target: uploadRowParams(file.content.entry('target')),
    teacher: method === 'cd' ? mixtureOf(file.content.entry('gmm')).denoiser : undefined,
    draws: {
      noise: entry.tensor('noise'),
      sigma: entry.numbers('t'),
      sigmaNext: entry.numbers('t2'),
      weight: [...weighting(options.weighting, { sigmaData }).batch(entry.numbers('t'))],
    },
    entry,
    gradientKey: 'grad_of_mean_loss',
    perSample: entry.numbers('loss_per_sample'),
  });
}
