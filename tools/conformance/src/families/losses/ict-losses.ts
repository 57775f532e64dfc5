import {
  consistencyPreconditioning,
  ictHuberConstant,
  ictNumScales,
  karrasSigmas,
  type Preconditioning,
} from '@onestep/core';
import { tf } from '@onestep/tensor';
import { ictObjective, modelOf } from '@onestep/training';
import { compareAll, tolerances, type Comparison } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { karrasOptions } from '../schedules/noise-grids';
import { rowNetwork, uploadRowParams } from './row-network';
import { runObjective } from './run-objective';

/** Improved consistency training (`ict.json` of the losses). */
export const ictLosses: Family = {
  name: 'iCT losses',
  recognises: (content) => content.everyCaseHas('pseudo_huber', 'sigma_lo') || content.has('kinyugo'),
  cases: (file) =>
    bySection(file, {
      student: 'shared',
      cases: () =>
        eachEntry(file, 'cases', (entry, name) => [
          { name: `${name}/levels`, run: () => compareLevels(entry) },
          { name, run: () => run(file, entry) },
        ]),
      kinyugo: () =>
        file.content
          .entry('kinyugo')
          .entries('cases')
          .flatMap((entry, i) => {
            const name = `${file.path}#kinyugo.${i}`;
            return [
              { name: `${name}/levels`, run: () => compareKinyugoLevels(entry) },
              { name, run: () => runKinyugo(entry) },
            ];
          }),
    }),
};

/** Both levels of each pair, sigma ascending, and the weight of the pair. */
function pairs(entry: Entry, range: Parameters<typeof karrasSigmas>[1]) {
  const sigmas = karrasSigmas(entry.number('num_sigmas'), range).reverse();
  const low = entry.numbers('indices').map((i) => sigmas[i]);
  const high = entry.numbers('indices').map((i) => sigmas[i + 1]);
  return { low, high, weight: high.map((level, i) => 1 / (level - low[i])) };
}

function compareLevels(entry: Entry): Comparison {
  const { low, high, weight } = pairs(entry, karrasOptions(entry));
  return compareAll(
    {
      sigma_lo: [low, entry.numbers('sigma_lo')],
      sigma_hi: [high, entry.numbers('sigma_hi')],
      weight: [weight, entry.numbers('weight')],
      c: [[ictHuberConstant(entry.tensor('x0').shape[1])], [entry.number('c')]],
    },
    tolerances.schedule,
  );
}

function run(file: GoldenFile, entry: Entry): Promise<Comparison> {
  const { sigmaMin, sigmaMax, rho } = karrasOptions(entry);
  const net = file.content.entry('student');
  const { low, high, weight } = pairs(entry, { sigmaMin, sigmaMax, rho });
  const reduction = { vector: 'norm', elementwise: 'element' } as const;
  return runObjective({
    objective: ictObjective({
      sigmaMin,
      sigmaMax,
      rho,
      huberReduction: reduction[entry.text('pseudo_huber') as keyof typeof reduction],
    }),
    model: modelOf(
      rowNetwork(net.number('time_scale')),
      consistencyPreconditioning({ sigmaData: entry.number('sigma_data'), sigmaMin, sigmaMax, cNoise: 'openai' }),
    ),
    student: uploadRowParams(net),
    draws: { noise: entry.tensor('noise'), sigma: high, sigmaNext: low, weight },
    expectedTargets: { target: entry.numbers('target_out') },
    entry,
    gradientKey: 'grad_of_mean_loss',
    perSample: entry.numbers('loss_per_sample'),
  });
}

const kinyugoRange = { sigmaMin: 0.002, sigmaMax: 80, rho: 7 };

function compareKinyugoLevels(entry: Entry): Comparison {
  const { weight } = pairs(entry, kinyugoRange);
  const numScales = ictNumScales(entry.number('step'), {
    startScales: entry.number('initial_timesteps'),
    endScales: entry.number('final_timesteps'),
    totalSteps: entry.number('total_steps'),
  });
  return compareAll(
    {
      num_sigmas: [[numScales], [entry.number('num_sigmas')]],
      weight: [weight, entry.numbers('weight')],
    },
    tolerances.schedule,
  );
}

function runKinyugo(entry: Entry): Promise<Comparison> {
  const net = entry.entry('net');
  const { low, high, weight } = pairs(entry, kinyugoRange);
  return runObjective({
    objective: ictObjective({ ...kinyugoRange, huberReduction: 'element' }),
    model: modelOf(rowNetwork(net.number('time_scale')), withoutInputScaling),
    student: uploadRowParams(net),
    draws: { noise: entry.tensor('noise'), sigma: high, sigmaNext: low, weight },
    expectedTargets: { target: entry.numbers('target') },
    entry,
    gradientKey: 'grad_of_loss',
    perSample: undefined,
  });
}

const boundary = consistencyPreconditioning();

/** That code's wrapper: the boundary condition alone, image and sigma enter the network as they are. */
const withoutInputScaling: Preconditioning = {
  ...boundary,
  at: (sigma) => ({ ...boundary.at(sigma), cIn: 1, cNoise: sigma }),
  tensors(sigma) {
    const coefficients = boundary.tensors(sigma);
    return { ...coefficients, cIn: tf.onesLike(sigma), cNoise: sigma };
  },
};
