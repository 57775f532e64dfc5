import { tf, useBackend, type Tensor1D } from '@onestep/tensor';
import { beforeAll, describe, it } from 'vitest';
import {
  consistencyPreconditioning,
  edmPreconditioning,
  iddpmPreconditioning,
  vePreconditioning,
  vpPreconditioning,
  weighting,
  type Coefficients,
  type Preconditioning,
} from '../../src';
import { expectClose, float32Tolerance, float64Tolerance } from '../support/close';
import { goldenFolder, readSchedule, type GoldenTensor } from '../support/golden';

type Scalings = Record<'c_skip' | 'c_out' | 'c_in', GoldenTensor>;
interface KarrasDenoiser {
  sigma_data: number;
  sigma_min: number;
  get_scalings: Scalings;
  get_scalings_for_boundary_condition: Scalings;
  rescaled_t: GoldenTensor;
  weightings: Record<string, GoldenTensor>;
  edm_loss_weight: GoldenTensor;
  edm_c_noise: GoldenTensor;
}
interface Precond extends Scalings {
  wrapper: string;
  config: Partial<
    Record<'sigma_data' | 'sigma_min' | 'beta_d' | 'beta_min' | 'M' | 'epsilon_t' | 'C_1' | 'C_2', number>
  >;
  training: boolean;
  sigma: GoldenTensor;
  c_noise: GoldenTensor;
}
interface File {
  sigma: GoldenTensor;
  karras_denoiser: KarrasDenoiser[];
  precond_f32: Precond[];
}

/** The reference accepts sigma_min = 0; a positive level this small gives the same numbers in double precision. */
const sigmaMinOf = (sigmaMin: number): number => Math.max(sigmaMin, 1e-300);

function wrapperOf({ wrapper, config, training }: Precond): Preconditioning {
  const sigmaData = config.sigma_data ?? 0.5;
  switch (wrapper) {
    case 'EDMPrecond':
      return edmPreconditioning({ sigmaData });
    case 'ECMPrecond':
      return training
        ? edmPreconditioning({ sigmaData })
        : consistencyPreconditioning({ sigmaData, sigmaMin: config.sigma_min ?? 0.003 });
    case 'VPPrecond':
      return vpPreconditioning({
        betaD: config.beta_d,
        betaMin: config.beta_min,
        numTimesteps: config.M,
        tMin: config.epsilon_t,
      });
    case 'VEPrecond':
      return vePreconditioning();
    default:
      return iddpmPreconditioning({ c1: config.C_1, c2: config.C_2, numTimesteps: config.M });
  }
}

describe.runIf(goldenFolder() !== undefined)('golden preconditioning', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });
  const file =
    goldenFolder() === undefined
      ? { sigma: { data: [] }, karras_denoiser: [], precond_f32: [] }
      : (readSchedule('scalings') as File);
  const sigmas = file.sigma.data;

  it('equals KarrasDenoiser of consistency_models in double precision', () => {
    for (const entry of file.karras_denoiser) {
      const options = { sigmaData: entry.sigma_data, sigmaMin: sigmaMinOf(entry.sigma_min), cNoise: 'openai' } as const;
      const pairs = [
        [edmPreconditioning(options), entry.get_scalings],
        [consistencyPreconditioning(options), entry.get_scalings_for_boundary_condition],
      ] as const;
      for (const [preconditioning, expected] of pairs) {
        // The file also lists levels below this case's sigmaMin, where the reference does not clip.
        const inRange = sigmas.map((_, i) => i).filter((i) => sigmas[i] >= options.sigmaMin);
        const values = inRange.map((i) => preconditioning.at(sigmas[i]));
        const at = ({ data }: GoldenTensor) => inRange.map((i) => data[i]);
        expectClose(
          values.map((c) => c.cSkip),
          at(expected.c_skip),
          float64Tolerance,
        );
        expectClose(
          values.map((c) => c.cOut),
          at(expected.c_out),
          float64Tolerance,
        );
        expectClose(
          values.map((c) => c.cIn),
          at(expected.c_in),
          float64Tolerance,
        );
        expectClose(
          values.map((c) => c.cNoise),
          at(entry.rescaled_t),
          float64Tolerance,
        );
      }
      const { at } = edmPreconditioning({ sigmaData: entry.sigma_data });
      expectClose(
        sigmas.map((sigma) => at(sigma).cNoise),
        entry.edm_c_noise.data,
        float64Tolerance,
      );
    }
  });

  it('weightings equal those of consistency_models and of the EDM loss', () => {
    for (const { sigma_data, weightings, edm_loss_weight } of file.karras_denoiser) {
      const options = { sigmaData: sigma_data };
      for (const [name, { data }] of Object.entries(weightings)) {
        expectClose(weighting(name, options).batch(sigmas), data, float64Tolerance);
      }
      expectClose(weighting('edm', options).batch(sigmas), edm_loss_weight.data, float64Tolerance);
    }
  });

  it('equals the wrappers of EDM and ECT, on the host and on tensors', async () => {
    for (const entry of file.precond_f32) {
      const preconditioning = wrapperOf(entry);
      // The consistency form ends at its sigmaMin, and clips below.
      const from = preconditioning.name === 'consistency' ? Math.fround(preconditioning.sigmaMin) : 0;
      const inRange = entry.sigma.data.map((_, i) => i).filter((i) => entry.sigma.data[i] >= from);
      const at = ({ data }: GoldenTensor) => inRange.map((i) => data[i]);
      const values = at(entry.sigma).map((sigma) => preconditioning.at(sigma));
      const tensors = preconditioning.tensors(tf.tensor1d(at(entry.sigma)));
      const read = async (name: Exclude<keyof Coefficients<Tensor1D>, 'cNoise2'>) => await tensors[name].data();
      const expected = { cSkip: entry.c_skip, cOut: entry.c_out, cIn: entry.c_in, cNoise: entry.c_noise };
      for (const name of ['cSkip', 'cOut', 'cIn', 'cNoise'] as const) {
        expectClose(
          values.map((c) => c[name]),
          at(expected[name]),
          float32Tolerance,
        );
        expectClose(await read(name), at(expected[name]), float32Tolerance);
      }
      tf.dispose({ ...tensors });
    }
  });
});
