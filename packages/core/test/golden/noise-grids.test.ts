import { describe, expect, it } from 'vitest';
import {
  ancestralStep,
  appendZero,
  consistencyPreconditioning,
  consistencySchedulerGrid,
  ddimTimesteps,
  discretizationSigmas,
  exponentialSigmas,
  karrasSigmas,
  linearBetaSigmas,
  polyexponentialSigmas,
  sigmaToTrigTime,
  trigProposalTimes,
  trigTimeToSigma,
  vpSigmas,
  type DiscretizationName,
} from '../../src';
import { expectClose, float32Tolerance, float64Tolerance } from '../support/close';
import { goldenFolder, readSchedule, type GoldenTensor } from '../support/golden';

interface Range {
  n: number;
  sigma_min: number;
  sigma_max: number;
  rho: number;
}
interface Sigmas {
  karras: (Range & Record<'sigmas_f64' | 'sigmas_f32_kdiffusion' | 'sigmas_f32_openai', GoldenTensor>)[];
  exponential: (Range & { sigmas: GoldenTensor })[];
  polyexponential: (Range & { sigmas: GoldenTensor })[];
  vp: { n: number; beta_d: number; beta_min: number; eps_s: number; sigmas: GoldenTensor }[];
  ancestral_step: (Range & { eta: number; sigma_down: number[]; sigma_up: number[] })[];
}
interface Ablation {
  discretization: DiscretizationName;
  num_steps: number;
  sigma_min: number | null;
  sigma_max: number | null;
  rho: number;
  sigmas: number[];
}
interface Steps {
  edm_ablation: Ablation[];
  edm_heun_visited_sigmas_18: number[];
  ddim: {
    cases: { S: number; uniform: number[]; quad: number[]; sigma_uniform: GoldenTensor; sigma_quad: GoldenTensor }[];
  };
}
interface Trig {
  mapping: { sigma_data: number; sigma: GoldenTensor; t: GoldenTensor; back_sigma: GoldenTensor }[];
  proposal: { P_mean: number; P_std: number; sigma_data: number; z: GoldenTensor; t: GoldenTensor }[];
}
interface SchedulerCase {
  num_train_timesteps: number;
  num_inference_steps: number | null;
  timesteps_custom: number[] | null;
  sigmas: GoldenTensor;
  timesteps: GoldenTensor;
  x_T: GoldenTensor;
  W: GoldenTensor;
  noise: GoldenTensor[];
  trace: { timestep: number; scaled_input: GoldenTensor; model_output: GoldenTensor; prev_sample: GoldenTensor }[];
}

const rangeOf = ({ sigma_min, sigma_max, rho }: Range) => ({ sigmaMin: sigma_min, sigmaMax: sigma_max, rho });

describe.runIf(goldenFolder() !== undefined)('golden noise grids', () => {
  it('karrasSigmas equals k-diffusion and consistency_models', () => {
    for (const entry of (readSchedule('sigmas') as Sigmas).karras) {
      const sigmas = appendZero(karrasSigmas(entry.n, rangeOf(entry)));
      expectClose(sigmas, entry.sigmas_f64.data, float64Tolerance);
      expectClose(sigmas, entry.sigmas_f32_kdiffusion.data, float32Tolerance);
      expectClose(sigmas, entry.sigmas_f32_openai.data, float32Tolerance);
    }
  });

  it('exponentialSigmas, polyexponentialSigmas and vpSigmas equal k-diffusion', () => {
    const { exponential, polyexponential, vp } = readSchedule('sigmas') as Sigmas;
    for (const entry of exponential) {
      const { sigmaMin, sigmaMax } = rangeOf(entry);
      expectClose(appendZero(exponentialSigmas(entry.n, { sigmaMin, sigmaMax })), entry.sigmas.data, float64Tolerance);
    }
    for (const entry of polyexponential) {
      expectClose(appendZero(polyexponentialSigmas(entry.n, rangeOf(entry))), entry.sigmas.data, float64Tolerance);
    }
    for (const { n, beta_d, beta_min, eps_s, sigmas } of vp) {
      const grid = vpSigmas(n, { betaD: beta_d, betaMin: beta_min, tMin: eps_s });
      expectClose(appendZero(grid), sigmas.data, float64Tolerance);
    }
  });

  it('ancestralStep equals k-diffusion', () => {
    for (const entry of (readSchedule('sigmas') as Sigmas).ancestral_step) {
      const sigmas = appendZero(karrasSigmas(entry.n, rangeOf(entry)));
      const steps = sigmas.slice(1).map((next, i) => ancestralStep(sigmas[i], next, entry.eta));
      expectClose(
        steps.map((step) => step.sigmaUp),
        entry.sigma_up,
        float64Tolerance,
      );
      expectClose(
        steps.map((step) => step.sigmaDown),
        entry.sigma_down,
        float64Tolerance,
      );
    }
  });

  it('discretizationSigmas visits the levels of the EDM ablation sampler', () => {
    for (const entry of (readSchedule('edm_ddim_steps') as Steps).edm_ablation) {
      const sigmas = discretizationSigmas(entry.discretization, entry.num_steps, {
        rho: entry.rho,
        ...(entry.sigma_min !== null && { sigmaMin: entry.sigma_min }),
        ...(entry.sigma_max !== null && { sigmaMax: entry.sigma_max }),
      });
      expectClose(sigmas, entry.sigmas, float64Tolerance);
    }
  });

  it('karrasSigmas(18) gives the levels that the EDM sampler visits', () => {
    const [first, ...rest] = karrasSigmas(18);
    const visited = [first, ...rest.flatMap((sigma) => [sigma, sigma])];
    expectClose(visited, (readSchedule('edm_ddim_steps') as Steps).edm_heun_visited_sigmas_18, float64Tolerance);
  });

  it('ddimTimesteps and linearBetaSigmas equal the formulas', () => {
    const levels = linearBetaSigmas();
    for (const { S, uniform, quad, sigma_uniform, sigma_quad } of (readSchedule('edm_ddim_steps') as Steps).ddim
      .cases) {
      const even = ddimTimesteps(S);
      const squared = ddimTimesteps(S, { spacing: 'quad' });
      expect(even).toEqual(uniform);
      expect(squared).toEqual(quad);
      expectClose(
        even.map((t) => levels[t]),
        sigma_uniform.data,
        float64Tolerance,
      );
      expectClose(
        squared.map((t) => levels[t]),
        sigma_quad.data,
        float64Tolerance,
      );
    }
  });

  it('the TrigFlow clock equals its formulas', () => {
    const { mapping, proposal } = readSchedule('trigflow') as Trig;
    for (const { sigma_data, sigma, t, back_sigma } of mapping) {
      const times = sigma.data.map((level) => sigmaToTrigTime(level, { sigmaData: sigma_data }));
      expectClose(times, t.data, float64Tolerance);
      // From the file's own angles: near pi/2 the tangent makes much of the last bit of an arctangent.
      const back = t.data.map((time) => trigTimeToSigma(time, { sigmaData: sigma_data }));
      expectClose(back, back_sigma.data, float64Tolerance);
    }
    for (const { P_mean, P_std, sigma_data, z, t } of proposal) {
      const times = trigProposalTimes(z.data, { pMean: P_mean, pStd: P_std, sigmaData: sigma_data });
      expectClose(times, t.data, float64Tolerance);
    }
  });

  it('consistencySchedulerGrid and the consistency coefficients reproduce the steps of diffusers', () => {
    for (const entry of (readSchedule('diffusers_cm_scheduler') as { cases: SchedulerCase[] }).cases) {
      const { sigmas, timesteps } = consistencySchedulerGrid(entry.timesteps_custom ?? entry.num_inference_steps ?? 0, {
        numTrainTimesteps: entry.num_train_timesteps,
      });
      expectClose(sigmas, entry.sigmas.data, float32Tolerance);
      expectClose(timesteps, entry.timesteps.data, float32Tolerance);
      expectClose(
        timesteps,
        entry.trace.map((step) => step.timestep),
        float64Tolerance,
      );

      let x = entry.x_T.data;
      entry.trace.forEach((step, i) => {
        const { cSkip, cOut, cIn } = consistencyPreconditioning().at(sigmas[i]);
        expectClose(
          x.map((value) => value * cIn),
          step.scaled_input.data,
          float32Tolerance,
        );
        const next = Math.min(80, Math.max(0.002, sigmas[i + 1]));
        const std = Math.sqrt(next ** 2 - 0.002 ** 2);
        x = x.map((value, j) => {
          const denoised = Math.min(1, Math.max(-1, cSkip * value + cOut * step.model_output.data[j]));
          return entry.trace.length > 1 ? denoised + std * entry.noise[i].data[j] : denoised;
        });
        expectClose(x, step.prev_sample.data, float32Tolerance);
      });
    }
  });
});
