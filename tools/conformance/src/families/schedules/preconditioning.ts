import {
  consistencyPreconditioning,
  edmPreconditioning,
  iddpmPreconditioning,
  vePreconditioning,
  vpPreconditioning,
  weighting,
  type Coefficients,
  type Preconditioning,
} from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import type { AnyCase, GoldenCase } from '../../case';
import { compare, compareAll, tolerances } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';

const parts = { c_skip: 'cSkip', c_out: 'cOut', c_in: 'cIn', c_noise: 'cNoise' } as const;

/** Preconditioning and weightings at a list of noise levels (`scalings.json`). */
export const preconditionings: Family = {
  name: 'preconditioning',
  recognises: (content) => content.has('karras_denoiser') || content.has('precond_f32'),
  cases: (file) =>
    bySection(file, {
      sigma: 'shared',
      karras_denoiser: () =>
        eachEntry(file, 'karras_denoiser', (entry, name) => karrasDenoiserCases(file, entry, name)),
      precond_f32: () => eachEntry(file, 'precond_f32', wrapperCases),
    }),
};

function karrasDenoiserCases(file: GoldenFile, entry: Entry, name: string): readonly AnyCase[] {
  const sigmas = file.content.numbers('sigma');
  const sigmaData = entry.number('sigma_data');
  const sigmaMin = entry.number('sigma_min');
  const plain = (): Preconditioning => edmPreconditioning({ sigmaData });
  // A boundary at level 0 is what the plain form has.
  const boundary = (): Preconditioning =>
    sigmaMin === 0 ? plain() : consistencyPreconditioning({ sigmaData, sigmaMin });
  const list = (key: string, value: (sigma: number) => number): GoldenCase => ({
    name: `${name}/${key}`,
    run: () => compare(sigmas.map(value), entry.numbers(key), tolerances.schedule),
  });
  return [
    scalingsCase(`${name}/get_scalings`, entry.entry('get_scalings'), sigmas, plain),
    scalingsCase(
      `${name}/get_scalings_for_boundary_condition`,
      entry.entry('get_scalings_for_boundary_condition'),
      sigmas,
      boundary,
      sigmaMin,
    ),
    list('rescaled_t', (sigma) => edmPreconditioning({ sigmaData, cNoise: 'openai' }).at(sigma).cNoise),
    list('edm_loss_weight', weighting('edm', { sigmaData })),
    list('edm_c_noise', (sigma) => plain().at(sigma).cNoise),
    ...Object.keys(entry.entry('weightings').json).map((key) => ({
      name: `${name}/weightings/${key}`,
      run: () =>
        compare(
          weighting(key, { sigmaData }).batch(sigmas),
          entry.entry('weightings').numbers(key),
          tolerances.schedule,
        ),
    })),
  ];
}

/** Levels under `from` are left out: the consistency form ends there, and this library clips them to it. */
function scalingsCase(
  name: string,
  golden: Entry,
  sigmas: readonly number[],
  make: () => Preconditioning,
  from = 0,
): GoldenCase {
  return {
    name,
    run() {
      const preconditioning = make();
      const kept = sigmas.flatMap((sigma, i) => (sigma >= from ? [i] : []));
      const keys = (Object.keys(parts) as (keyof typeof parts)[]).filter((key) => golden.has(key));
      return compareAll(
        Object.fromEntries(
          keys.map((key) => [
            key,
            [
              kept.map((i) => preconditioning.at(sigmas[i])[parts[key]]),
              kept.map((i) => golden.numbers(key)[i]),
            ] as const,
          ]),
        ),
        tolerances.schedule,
      );
    },
  };
}

/** The wrappers of EDM and ECT, computed in float32: our host numbers and our tensors against them. */
function wrapperCases(entry: Entry, name: string): readonly AnyCase[] {
  const wrapper = entry.text('wrapper');
  const full = `${name}/${wrapper}`;
  if (!Object.hasOwn(wrappers, wrapper)) return [{ name: full, problem: `unknown wrapper "${wrapper}"` }];
  const preconditioning = wrappers[wrapper](entry);
  // As above: the consistency form ends at its sigmaMin.
  const from = preconditioning.name === 'consistency' ? preconditioning.sigmaMin : 0;
  const kept = entry.numbers('sigma').flatMap((sigma, i) => (sigma >= Math.fround(from) ? [i] : []));
  const sigmas = kept.map((i) => entry.numbers('sigma')[i]);
  const against = (coefficients: Coefficients<ArrayLike<number>>) =>
    compareAll(
      Object.fromEntries(
        (Object.keys(parts) as (keyof typeof parts)[]).map((key) => [
          key,
          [coefficients[parts[key]], kept.map((i) => entry.numbers(key)[i])],
        ]),
      ),
      tolerances.scheduleFloat32,
    );
  return [
    {
      name: `${full}/float64`,
      run() {
        const all = sigmas.map((sigma) => preconditioning.at(sigma));
        return against({
          cSkip: all.map(({ cSkip }) => cSkip),
          cOut: all.map(({ cOut }) => cOut),
          cIn: all.map(({ cIn }) => cIn),
          cNoise: all.map(({ cNoise }) => cNoise),
        });
      },
    },
    {
      name: `${full}/float32`,
      async run() {
        const { cSkip, cOut, cIn, cNoise } = tf.tidy(() => ({
          ...preconditioning.tensors(tf.tensor1d(sigmas)),
        }));
        const read = async (tensor: Tensor1D): Promise<ArrayLike<number>> => {
          const data = await tensor.data();
          tensor.dispose();
          return data;
        };
        return against({
          cSkip: await read(cSkip),
          cOut: await read(cOut),
          cIn: await read(cIn),
          cNoise: await read(cNoise),
        });
      },
    },
  ];
}

const wrappers: Readonly<Record<string, (entry: Entry) => Preconditioning>> = {
  EDMPrecond: (entry) => edmPreconditioning({ sigmaData: entry.entry('config').numberOr('sigma_data', 0.5) }),
  VPPrecond(entry) {
    const config = entry.entry('config');
    return vpPreconditioning({
      betaD: config.numberOr('beta_d', 19.9),
      betaMin: config.numberOr('beta_min', 0.1),
      numTimesteps: config.numberOr('M', 1000),
      tMin: config.numberOr('epsilon_t', 1e-5),
    });
  },
  VEPrecond: () => vePreconditioning(),
  iDDPMPrecond(entry) {
    const config = entry.entry('config');
    return iddpmPreconditioning({
      c1: config.numberOr('C_1', 0.001),
      c2: config.numberOr('C_2', 0.008),
      numTimesteps: config.numberOr('M', 1000),
    });
  },
  // ECT trains with the plain form and evaluates with the boundary at sigma_min.
  ECMPrecond(entry) {
    const config = entry.entry('config');
    const sigmaData = config.numberOr('sigma_data', 0.5);
    return entry.flag('training')
      ? edmPreconditioning({ sigmaData })
      : consistencyPreconditioning({ sigmaData, sigmaMin: config.numberOr('sigma_min', 0.003) });
  },
};
