import { edmPreconditioning, lognormalSigma, weighting, type WeightingName } from '@onestep/core';
import { modelOf, edmObjective } from '@onestep/training';
import type { AnyCase } from '../../case';
import { compare, tolerances } from '../../compare';
import { bySection, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { rowNetwork, uploadRowParams } from './row-network';
import { runObjective } from './run-objective';

/** Losses of the diffusion teacher (`edm_teacher.json`). */
export const teacherLosses: Family = {
  name: 'teacher losses',
  recognises: (content) => content.has('openai_training_losses') || content.has('edm_loss'),
  cases: (file) =>
    bySection(file, {
      student: 'shared',
      net: 'shared',
      openai_training_losses: () => openaiCases(file),
      edm_loss: () => edmCases(file),
    }),
};

function openaiCases(file: GoldenFile): readonly AnyCase[] {
  const section = file.content.entry('openai_training_losses');
  return section.entries('cases').map((entry, i) => ({
    name: `${file.path}#openai_training_losses.${i}`,
    run() {
      const net = file.content.entry('student');
      const name = entry.text('weight_schedule') as WeightingName;
      const sigmaData = (entry.has('sigma_data') ? entry : section).number('sigma_data');
      return runObjective({
        objective: edmObjective({ weighting: name, sigmaData, reduction: 'mean' }),
        model: modelOf(rowNetwork(net.number('time_scale')), edmPreconditioning({ sigmaData, cNoise: 'openai' })),
        student: uploadRowParams(net),
        draws: {
          noise: entry.tensor('noise'),
          sigma: entry.numbers('sigmas'),
          weight: [...weighting(name, { sigmaData }).batch(entry.numbers('sigmas'))],
        },
        entry,
        gradientKey: 'grad_of_mean_loss',
        perSample: entry.numbers('loss_per_sample'),
      });
    },
  }));
}

function edmCases(file: GoldenFile): readonly AnyCase[] {
  return file.content
    .entry('edm_loss')
    .entries('cases')
    .flatMap((entry, i): readonly AnyCase[] => {
      const name = `${file.path}#edm_loss.${i}`;
      const law = lognormalSigma({ pMean: entry.number('P_mean'), pStd: entry.number('P_std') });
      return [
        {
          name: `${name}/sigma`,
          run: () => compare(law(entry.numbers('rnd_normal')), entry.numbers('sigma'), tolerances.schedule),
        },
        { name, run: () => runEdm(file, entry) },
      ];
    });
}

function runEdm(file: GoldenFile, entry: Entry) {
  const sigmaData = entry.number('sigma_data');
  const net = file.content.entry('net');
  const { shape, data } = entry.tensor('loss_elementwise');
  return runObjective({
    // The reference sums over elements and divides by the batch.
    objective: edmObjective({ weighting: 'edm', sigmaData, reduction: 'sum' }),
    model: modelOf(rowNetwork(net.number('time_scale')), edmPreconditioning({ sigmaData, cNoise: 'edm' })),
    student: uploadRowParams(net),
    draws: {
      noise: entry.tensor('noise'),
      sigma: entry.numbers('sigma'),
      weight: [...weighting('edm', { sigmaData }).batch(entry.numbers('sigma'))],
    },
    entry,
    gradientKey: 'grad_of_loss',
    perSample: Array.from({ length: shape[0] }, (_, row) =>
      data.slice(row * shape[1], (row + 1) * shape[1]).reduce((sum, value) => sum + value, 0),
    ),
  });
}
