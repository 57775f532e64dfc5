import { karrasSigmas } from '@onestep/core';

/** Names of the edits, as flags use them. */
export const editingTasks = [
  'inpaint',
  'outpaint',
  'colorize',
  'super-resolve',
  'denoise',
  'interpolate',
  'stroke',
  'variations',
] as const;

/** One of {@link editingTasks}. */
export type EditingTask = (typeof editingTasks)[number];

/** How an edit is done unless told otherwise. */
export interface EditingPreset {
  /** Share of the noise range that is gone through: 1 starts from pure noise, small values stay near the given image. */
  readonly strength: number;
  /** Network calls of a consistency function. */
  readonly consistencySteps: number;
  /** Network calls of a denoiser. */
  readonly denoiserSteps: number;
}

/** What works without tuning. `denoise` starts at the image's own noise level, whatever the strength. */
export const editingPresets: Readonly<Record<EditingTask, EditingPreset>> = {
  inpaint: { strength: 1, consistencySteps: 40, denoiserSteps: 40 },
  outpaint: { strength: 1, consistencySteps: 40, denoiserSteps: 40 },
  colorize: { strength: 1, consistencySteps: 40, denoiserSteps: 40 },
  'super-resolve': { strength: 1, consistencySteps: 40, denoiserSteps: 40 },
  denoise: { strength: 1, consistencySteps: 1, denoiserSteps: 1 },
  interpolate: { strength: 0.45, consistencySteps: 2, denoiserSteps: 18 },
  stroke: { strength: 0.5, consistencySteps: 2, denoiserSteps: 18 },
  variations: { strength: 0.4, consistencySteps: 2, denoiserSteps: 18 },
};

/** Options of {@link editingSigmas}. */
export interface EditingSigmasOptions {
  /** Range of the model's noise levels, default 0.002 and 80. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  /** In (0, 1]; default: the preset's. */
  readonly strength?: number | undefined;
  /** Level to start at instead, in (sigmaMin, sigmaMax]. */
  readonly sigmaStart?: number | undefined;
  /** Network calls, integer >= 1; default: the preset's. */
  readonly steps?: number | undefined;
}

/**
 * Noise levels of an edit: a Karras grid (rho 7) from its starting level down. For a consistency function all levels but
 * the last, sigmaMin, where it is the identity; for a denoiser all, then 0.
 *
 * @param kind - what the model is
 * @returns `steps` levels for a consistency function, `steps` and a 0 for a denoiser
 * @throws RangeError if an option is out of range
 */
export function editingSigmas(
  task: EditingTask,
  kind: 'consistency' | 'denoiser',
  options: EditingSigmasOptions = {},
): number[] {
  const { sigmaMin = 0.002, sigmaMax = 80, strength } = options;
  const preset = editingPresets[task];
  const steps = options.steps ?? (kind === 'consistency' ? preset.consistencySteps : preset.denoiserSteps);
  const start = options.sigmaStart ?? strengthToSigma(strength ?? preset.strength, { sigmaMin, sigmaMax });
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`editingSigmas: steps must be an integer >= 1, got ${steps}.`);
  }
  if (!(start > sigmaMin && start <= sigmaMax)) {
    throw new RangeError(`editingSigmas: sigmaStart must be in (${sigmaMin}, ${sigmaMax}], got ${start}.`);
  }
  if (kind === 'consistency') return karrasSigmas(steps + 1, { sigmaMin, sigmaMax: start }).slice(0, -1);
  return [...karrasSigmas(steps, { sigmaMin, sigmaMax: start }), 0];
}

/**
 * The noise level that a strength stands for: its place in the Karras ramp,
 * (sigmaMin^(1/7) + strength (sigmaMax^(1/7) - sigmaMin^(1/7)))^7.
 *
 * @param strength - in (0, 1]
 * @throws RangeError if it is not
 */
export function strengthToSigma(
  strength: number,
  { sigmaMin = 0.002, sigmaMax = 80 }: Pick<EditingSigmasOptions, 'sigmaMin' | 'sigmaMax'> = {},
): number {
  if (!(strength > 0 && strength <= 1)) {
    throw new RangeError(`strengthToSigma: strength must be in (0, 1], got ${strength}.`);
  }
  if (strength === 1) return sigmaMax;
  const [low, high] = [sigmaMin, sigmaMax].map((sigma) => sigma ** (1 / 7));
  return (low + strength * (high - low)) ** 7;
}
