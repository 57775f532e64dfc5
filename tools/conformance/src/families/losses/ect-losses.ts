import { ectRatio, edmPreconditioning, lognormalSigma, weighting } from '@onestep/core';
import { modelOf, ectObjective } from '@onestep/training';
import { compareAll, tolerances, type Comparison } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { rowNetwork, uploadRowParams } from './row-network';
import { runObjective } from './run-objective';

/** Stands in for r = 0, where the target is the clean image; any level at which the network is finite will do. */
const safeLevel = 0.002;

/** Easy consistency tuning (`ect.json` of the losses). */
export const ectLosses: Family = {
  name: 'ECT losses',
  recognises: (content) => content.has('net', 'cases') && content.everyCaseHas('D_t', 'D_r'),
  cases: (file) =>
    bySection(file, {
      net: 'shared',
      cases: () =>
        eachEntry(file, 'cases', (entry, name) => [
          { name: `${name}/levels`, run: () => compareLevels(entry) },
          { name, run: () => run(file, entry) },
        ]),
    }),
};

function mappingOf(entry: Entry) {
  return {
    q: entry.number('q'),
    k: entry.number('k'),
    b: entry.number('b'),
    mapping: entry.text('adj') as 'sigmoid' | 'const',
  };
}

function compareLevels(entry: Entry): Comparison {
  const law = lognormalSigma({ pMean: entry.number('P_mean'), pStd: entry.number('P_std') });
  const sigma = law(entry.numbers('rnd_normal'));
  return compareAll(
    {
      t: [sigma, entry.numbers('t')],
      r: [
        sigma.map((level) => level * ectRatio(level, { ...mappingOf(entry), stage: entry.number('stage') })),
        entry.numbers('r'),
      ],
    },
    tolerances.schedule,
  );
}

function run(file: GoldenFile, entry: Entry): Promise<Comparison> {
  const sigmaData = entry.number('sigma_data');
  const net = file.content.entry('net');
  const sigma = entry.numbers('t');
  const sigmaNext = entry.numbers('r');
  return runObjective({
    objective: ectObjective({ ...mappingOf(entry), c: entry.number('c'), sigmaData, sigmaMin: safeLevel }),
    model: modelOf(rowNetwork(net.number('time_scale')), edmPreconditioning({ sigmaData, cNoise: 'edm' })),
    student: uploadRowParams(net),
    draws: {
      noise: entry.tensor('noise'),
      sigma,
      sigmaNext: sigmaNext.map((level) => (level > 0 ? level : safeLevel)),
      useClean: sigmaNext.map((level) => (level > 0 ? 0 : 1)),
      weight: [...weighting('inverse-gap').batch(sigma, sigmaNext)],
    },
    entry,
    gradientKey: 'grad_of_mean_loss',
    perSample: entry.numbers('loss_per_sample'),
  });
}
