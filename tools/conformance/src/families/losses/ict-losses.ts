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
    },
    tolerances.schedule,
  );
}

function run(file: GoldenFile, entry: Entry): Promise<Comparison> {
  const { sigmaMin, sigmaMax, rho } = karrasOptions(entry);
  const net = file.content.entry('student');
  const { low, high, weight } = pairs(entry, { sigmaMin, sigmaMax, rho });
  const c = entry.number('c');
  const automatic = ictHuberConstant(sizeOf(entry));
  return runObjective({
    objective: ictObjective({
      sigmaMin,
      sigmaMax,
      rho,
      // The paper's constant where it is that, so that our own rule is tested too.
      huberC: Math.abs(c - automatic) <= 1e-12 ? 'auto' : c,
      huberReduction: reductionOf(entry),
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

/** Elements of one image. */
function sizeOf(entry: Entry): number {
  const { data, shape } = entry.tensor('x0');
  return data.length / shape[0];
}

function reductionOf(entry: Entry): 'norm' | 'element' {
  const name = entry.text('pseudo_huber');
  if (name !== 'vector' && name !== 'elementwise') throw new RangeError(`unknown pseudo_huber "${name}"`);
  return name === 'vector' ? 'norm' : 'element';
}

/** The range of that code, its defaults where a case has no other. */
function kinyugoRange(entry: Entry): { sigmaMin: number; sigmaMax: number; rho: number } {
  return {
    sigmaMin: entry.numberOr('sigma_min', 0.002),
    sigmaMax: entry.numberOr('sigma_max', 80),
    rho: entry.numberOr('rho', 7),
  };
}

function compareKinyugoLevels(entry: Entry): Comparison {
  const { weight } = pairs(entry, kinyugoRange(entry));
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
  const range = kinyugoRange(entry);
  const { low, high, weight } = pairs(entry, range);
  return runObjective({
    objective: ictObjective({ ...range, huberReduction: 'element' }),
    model: modelOf(
      rowNetwork(net.number('time_scale')),
      withoutInputScaling({ sigmaData: entry.numberOr('sigma_data', 0.5), ...range }),
    ),
    student: uploadRowParams(net),
    draws: { noise: entry.tensor('noise'), sigma: high, sigmaNext: low, weight },
    expectedTargets: { target: entry.numbers('target') },
    entry,
    gradientKey: 'grad_of_loss',
    perSample: undefined,
  });
}

/** That code's wrapper: the boundary condition alone, image and sigma enter the network as they are. */
function withoutInputScaling(options: { sigmaData: number; sigmaMin: number; sigmaMax: number }): Preconditioning {
  const { sigmaData, sigmaMin, sigmaMax } = options;
  const boundary = consistencyPreconditioning({ sigmaData, sigmaMin, sigmaMax });
  return {
    ...boundary,
    at: (sigma) => ({ ...boundary.at(sigma), cIn: 1, cNoise: sigma }),
    tensors(sigma) {
      const coefficients = boundary.tensors(sigma);
      return { ...coefficients, cIn: tf.onesLike(sigma), cNoise: sigma };
    },
  };
}
