import { distanceFromName, edmPreconditioning, karrasSigmas, weighting, type WeightingName } from '@onestep/core';
import { modelOf, pdObjective } from '@onestep/training';
import { compareAll, tolerances, type Comparison } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { mixtureOf } from '../mixture';
import { karrasOptions } from '../schedules/noise-grids';
import { rowNetwork, uploadRowParams } from './row-network';
import { runObjective } from './run-objective';

/** Progressive distillation on the EDM grid (`progressive_distillation.json`). */
export const progressiveLosses: Family = {
  name: 'progressive distillation losses',
  recognises: (content) => content.has('student', 'cases') && content.everyCaseHas('target_x', 't_mid'),
  cases: (file) =>
    bySection(file, {
      student: 'shared',
      target: 'shared',
      gmm: 'shared',
      cases: () =>
        eachEntry(file, 'cases', (entry, name) => [
          { name: `${name}/levels`, run: () => compareLevels(entry) },
          { name, run: () => run(file, entry) },
        ]),
    }),
};

function compareLevels(entry: Entry): Comparison {
  const sigmas = karrasSigmas(2 * entry.number('num_scales') + 1, karrasOptions(entry));
  const indices = entry.numbers('indices');
  const weigh = weighting(entry.text('weight_schedule'), { sigmaData: entry.number('sigma_data') });
  return compareAll(
    {
      t: [indices.map((i) => sigmas[2 * i]), entry.numbers('t')],
      t_mid: [indices.map((i) => sigmas[2 * i + 1]), entry.numbers('t_mid')],
      t_end: [indices.map((i) => sigmas[2 * i + 2]), entry.numbers('t_end')],
      weight: [weigh.batch(entry.numbers('t')), entry.numbers('weight')],
    },
    tolerances.schedule,
  );
}

function run(file: GoldenFile, entry: Entry): Promise<Comparison> {
  const sigmaData = entry.number('sigma_data');
  const name = entry.text('weight_schedule') as WeightingName;
  const net = file.content.entry('student');
  return runObjective({
    objective: pdObjective({
      ...karrasOptions(entry),
      sigmaData,
      distance: distanceFromName(entry.text('loss_norm')),
      weighting: name,
    }),
    model: modelOf(rowNetwork(net.number('time_scale')), edmPreconditioning({ sigmaData, cNoise: 'openai' })),
    student: uploadRowParams(net),
    teacher: mixtureOf(file.content.entry('gmm')).denoiser,
    draws: {
      noise: entry.tensor('noise'),
      sigma: entry.numbers('t'),
      sigmaMid: entry.numbers('t_mid'),
      sigmaNext: entry.numbers('t_end'),
      weight: [...weighting(name, { sigmaData }).batch(entry.numbers('t'))],
    },
    entry,
    gradientKey: 'grad_of_mean_loss',
    perSample: entry.numbers('loss_per_sample'),
  });
}
