import { preconditioned, sigmaToTrigTime, tensorSpace, trigflowPreconditioning, trigTimeToSigma } from '@onestep/core';
import { fromDenoiser, scm } from '@onestep/sampling';
import { disposeParams, tf, type Tensor2D } from '@onestep/tensor';
import { modelOf, scdObjective, sctObjective, type LogWeight, type ScmObjectiveOptions } from '@onestep/training';
import { compare, compareAll, tolerances, type Comparison } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { mixtureOf } from '../mixture';
import { rowNetwork, uploadRowParams } from './row-network';
import { runObjective } from './run-objective';

/** Continuous-time consistency models in TrigFlow's coordinates (`scm.json`). */
export const continuousTimeLosses: Family = {
  name: 'sCM losses',
  recognises: (content) => content.everyCaseHas('tangent', 'log_weight') || content.has('multistep_sampling'),
  cases: (file) =>
    bySection(file, {
      gmm: 'shared',
      cases: () =>
        eachEntry(file, 'cases', (entry, name) => [
          { name: `${name}/times`, run: () => compareTimes(entry) },
          { name: `${name}/${methodOf(entry)}`, run: () => run(file, entry) },
        ]),
      multistep_sampling: () => {
        const section = file.content.entry('multistep_sampling');
        return section.entries('cases').map((entry, i) => ({
          name: `${file.path}#multistep_sampling.${i}`,
          run: () => runSampling(section, entry),
        }));
      },
    }),
};

function methodOf(entry: Entry): 'scd' | 'sct' {
  const kind = entry.text('kind');
  if (kind !== 'cd' && kind !== 'ct') throw new RangeError(`unknown kind "${kind}"`);
  return kind === 'cd' ? 'scd' : 'sct';
}

/** sigma of each image, from the file's normal draws. */
function levels(entry: Entry): number[] {
  return entry.numbers('tau').map((tau) => Math.exp(entry.number('P_mean') + entry.number('P_std') * tau));
}

function compareTimes(entry: Entry): Comparison {
  const sigmaData = entry.number('sigma_data');
  return compare(
    levels(entry).map((sigma) => sigmaToTrigTime(sigma, { sigmaData })),
    entry.numbers('t'),
    tolerances.schedule,
  );
}

function normalisationOf(entry: Entry): 'norm' | 'rms' | 'clip' {
  const name = entry.text('tangent_normalisation');
  if (name !== 'norm' && name !== 'rms' && name !== 'clip') throw new RangeError(`unknown normalisation "${name}"`);
  return name;
}

/** The weight of the file: w = a t + b. */
const straight: LogWeight = {
  shapes: { a: [], b: [] },
  apply: ({ a, b }, t) => tf.add(tf.mul(t, a), b),
};

function run(file: GoldenFile, entry: Entry): Promise<Comparison> {
  const options: ScmObjectiveOptions = {
    tangentC: entry.numberOr('tangent_c', 0.1),
    tangentNormalisation: normalisationOf(entry),
    adaptiveWeighting: straight,
  };
  const method = methodOf(entry);
  const net = entry.entry('net');
  const weights = entry.entry('log_weight');
  const sigma = levels(entry);
  const modelWith = modelOf(
    rowNetwork(net.number('time_scale')),
    trigflowPreconditioning({ sigmaData: entry.number('sigma_data') }),
  );
  return runObjective({
    objective: method === 'scd' ? scdObjective(options) : sctObjective(options),
    model: ({ a, b, ...own }) => modelWith(own, { a, b }),
    student: { ...uploadRowParams(net), a: tf.scalar(weights.number('a')), b: tf.scalar(weights.number('b')) },
    teacher: method === 'scd' ? mixtureOf(file.content.entry('gmm')).denoiser : undefined,
    draws: { noise: entry.tensor('z'), sigma, tangentWarmup: sigma.map(() => entry.number('warmup_r')) },
    expectedTargets: { output: entry.numbers('F'), tangent: entry.numbers('tangent') },
    entry,
    gradientKey: 'grad_of_mean_loss',
    perSample: entry.numbers('loss_per_sample'),
  });
}

/** Each step's estimate of the sampler, through the consistency function over sigma, x = x_t / cos(t). */
async function runSampling(section: Entry, entry: Entry): Promise<Comparison> {
  const sigmaData = section.number('sigma_data');
  const net = section.entry('net');
  const params = uploadRowParams(net);
  const { shape, data } = entry.tensor('z');
  const [, batch, d] = shape;
  const size = batch * d;
  const sigmas = entry.numbers('t').map((t) => trigTimeToSigma(t, { sigmaData }));
  const unit = (step: number): Tensor2D => tf.tensor2d([...data.slice(step * size, (step + 1) * size)], [batch, d]);
  const start = tf.tidy(() => tf.mul(unit(0), sigmas[0]));
  const estimates: ArrayLike<number>[] = [];
  try {
    const network = rowNetwork(net.number('time_scale'));
    const f = preconditioned(network, trigflowPreconditioning({ sigmaData }))(params);
    const result = await scm.sample(fromDenoiser(f), start, {
      space: tensorSpace,
      sigmas,
      sigmaData,
      noise: (k) => unit(k + 1),
      async onStep({ denoised }) {
        estimates.push(await denoised.data());
      },
    });
    result.dispose();
    const expected = entry.numbers('x0_per_step');
    return compareAll(
      Object.fromEntries(
        estimates.map((estimate, step) => [
          `step ${step}`,
          [estimate, expected.slice(step * size, (step + 1) * size)] as const,
        ]),
      ),
      tolerances.network,
    );
  } finally {
    start.dispose();
    disposeParams(params);
  }
}
