import { preconditioned, sigmaToTrigTime, trigflowPreconditioning, trigTimeToSigma } from '@onestep/core';
import { disposeParams, tf, type Scalar, type Tensor, type Tensor2D } from '@onestep/tensor';
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
  recognises: (content) => content.everyCaseHas('tangent', 'log_weight'),
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

/** The weight of the file: w = a t + b. */
const straight: LogWeight = {
  shapes: { a: [], b: [] },
  apply: ({ a, b }, t) => tf.add(tf.mul(t, a), b),
};

function run(file: GoldenFile, entry: Entry): Promise<Comparison> {
  const options: ScmObjectiveOptions = {
    tangentC: entry.number('tangent_c'),
    tangentNormalisation: entry.text('tangent_normalisation') as ScmObjectiveOptions['tangentNormalisation'],
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

/** Each step's estimate through the consistency function over sigma, x = x_t / cos(t). */
async function runSampling(section: Entry, entry: Entry): Promise<Comparison> {
  const sigmaData = section.number('sigma_data');
  const net = section.entry('net');
  const params = uploadRowParams(net);
  const times = entry.numbers('t');
  const { shape, data } = entry.tensor('z');
  const [, batch, d] = shape;
  const estimates: Tensor[] = tf.tidy(() => {
    const network = rowNetwork(net.number('time_scale'));
    const f = preconditioned(network, trigflowPreconditioning({ sigmaData }))(params);
    const steps: Tensor[] = [];
    times.forEach((t, step) => {
      const sigma = trigTimeToSigma(t, { sigmaData });
      const unit = data.slice(step * batch * d, (step + 1) * batch * d);
      const noise: Tensor2D = tf.tensor2d([...unit], [batch, d]);
      // TrigFlow starts from noise alone, as if its factor sin(t) were 1.
      const x =
        step === 0 ? tf.mul(noise, sigmaData / Math.cos(t)) : tf.add(steps[step - 1], tf.mul<Scalar>(noise, sigma));
      steps.push(f(x, tf.fill([batch], sigma)));
    });
    return steps;
  });
  try {
    const traces = await Promise.all(estimates.map((estimate) => estimate.data()));
    const expected = entry.numbers('x0_per_step');
    return compareAll(
      Object.fromEntries(
        traces.map((trace, step) => [
          `step ${step}`,
          [trace, expected.slice(step * batch * d, (step + 1) * batch * d)] as const,
        ]),
      ),
      tolerances.network,
    );
  } finally {
    tf.dispose(estimates);
    disposeParams(params);
  }
}
