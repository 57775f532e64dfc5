import { gaussianMixture, type GaussianMixture } from '@onestep/core';
import { readGoldenJson } from '../../../../tools/workspace/golden';

interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** One run of a reference sampler. */
export interface GoldenRun {
  readonly name: string;
  readonly n: number;
  readonly steps: number;
  readonly ts: readonly number[];
  readonly t_max: number;
  readonly mid_t: readonly number[];
  readonly params?: Readonly<Record<string, number | 'Infinity'>>;
  readonly atol: number;
  readonly out_f64: GoldenTensor;
  readonly trajectory_f64?: GoldenTensor;
}

interface GoldenFile {
  readonly sigma_min: number;
  readonly sigma_max: number;
  readonly rho: number;
  readonly gmm: { readonly weights: GoldenTensor; readonly means: GoldenTensor; readonly stds: GoldenTensor };
  readonly z0: GoldenTensor;
  readonly x_T: GoldenTensor;
  readonly noise: GoldenTensor;
  readonly cases: readonly GoldenRun[];
  readonly pf_ode_solution_at_sigma_min: {
    readonly value: GoldenTensor;
    readonly heun_max_error_by_n: Readonly<Record<string, number>>;
  };
}

/** A file of reference runs, its mixture and its draws. */
export interface GoldenSamplers extends GoldenFile {
  readonly mixture: GaussianMixture;
  /** The start of a run: `x_T`, or, as EDM's own code has it, z0 times the first level, unrounded. */
  readonly startOf: (run: GoldenRun) => Float64Array;
  readonly draw: (k: number) => Float64Array;
}

/** Reads `samplers/NAME.json`. */
export function readGoldenSamplers(name: string): GoldenSamplers {
  const file = readGoldenJson<GoldenFile>(`samplers/${name}.json`);
  const { weights, means, stds } = file.gmm;
  const d = means.shape[1];
  const size = file.x_T.data.length;
  return {
    ...file,
    mixture: gaussianMixture({
      weights: weights.data,
      means: weights.data.map((_, k) => means.data.slice(k * d, (k + 1) * d)),
      stds: stds.data,
    }),
    startOf: ({ name: run }) =>
      run.startsWith('edm_')
        ? Float64Array.from(file.z0.data, (z) => z * file.sigma_max)
        : Float64Array.from(file.x_T.data),
    draw: (k) => Float64Array.from(file.noise.data.slice(k * size, (k + 1) * size)),
  };
}
