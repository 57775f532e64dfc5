import { z } from 'zod';

const distances = z.enum(['l2', 'l1', 'pseudo-huber', 'pseudo-huber-element']);
const weightings = z.enum(['uniform', 'snr', 'snr+1', 'karras', 'truncated-snr']);
const unit = z.number().min(0).lt(1);
const count = z.int().positive();

/** Options of the `edm` method: denoising score matching, the training of a teacher. */
export const edmOptionsSchema = z.strictObject({
  pMean: z.number().default(-1.2),
  pStd: z.number().positive().default(1.2),
  weighting: weightings.default('karras'),
  reduction: z.enum(['mean', 'sum']).default('mean'),
});

/** Options of the `cd` method: consistency distillation. */
export const cdOptionsSchema = z.strictObject({
  numScales: z.int().min(2).default(18),
  solver: z.enum(['heun', 'euler']).default('heun'),
  targetEma: unit.default(0),
  distance: distances.default('l2'),
  huberC: z.number().min(0).default(0.03),
  weighting: weightings.default('uniform'),
});

/** Options of the `ct` method: consistency training. */
export const ctOptionsSchema = z.strictObject({
  startScales: z.int().min(2).default(2),
  endScales: z.int().min(2).default(150),
  startEma: z.number().gt(0).lt(1).default(0.9),
  targetEmaForm: z.enum(['code', 'paper']).default('code'),
  distance: distances.default('l2'),
  huberC: z.number().min(0).default(0.03),
  weighting: weightings.default('uniform'),
});

/** Options of the `ect` method: easy consistency tuning. */
export const ectOptionsSchema = z.strictObject({
  pMean: z.number().default(-1.1),
  pStd: z.number().positive().default(2),
  q: z.number().gt(1).default(2),
  mapping: z.enum(['sigmoid', 'const']).default('sigmoid'),
  k: z.number().min(0).default(8),
  b: z.number().positive().default(1),
  c: z.number().min(0).default(0),
  weighting: z.enum(['inverse-gap', 'edm']).default('inverse-gap'),
  numStages: count.default(8),
  stageImages: count.optional(),
});

/** Option schema of each method. */
export const objectiveSchemas = {
  edm: edmOptionsSchema,
  cd: cdOptionsSchema,
  ct: ctOptionsSchema,
  ect: ectOptionsSchema,
} as const;

/** Methods a recipe may name. */
export type MethodName = keyof typeof objectiveSchemas;

/** The same as a list. */
export const methodNames = ['edm', 'cd', 'ct', 'ect'] as const satisfies readonly MethodName[];
