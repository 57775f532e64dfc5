import { z } from 'zod';
import { mostEctStages } from '../internal/ect-stages';

const plainDistances = ['l2', 'l1', 'pseudo-huber', 'pseudo-huber-element'] as const;

/** Paths of, or sha256s for, a trunk and its heads, or of one file with both. */
const lpipsFiles = z.union([
  z.string().min(1),
  z.strictObject({ trunk: z.string().min(1).optional(), heads: z.string().min(1).optional() }),
]);

/** LPIPS, whose network and weights a program makes from this and hands to the trainer. */
export const lpipsDistanceSchema = z.strictObject({
  name: z.literal('lpips'),
  net: z.enum(['vgg16', 'alexnet', 'squeezenet']).default('vgg16'),
  /** Default: the published files, from the cache or fetched once. */
  weights: lpipsFiles.optional(),
  sha256: lpipsFiles.optional(),
  /** Of the authors, or of the released code of consistency models (224 pixels, average pooling). */
  variant: z.enum(['v0.1', 'consistency-models']).default('v0.1'),
  /** Side that images are resized to first; default: as the variant says. */
  resizeTo: z.int().min(1).max(1024).optional(),
  /** Repeats grey images to three channels. */
  repeatGrey: z.boolean().default(false),
});

const distances = z.union([z.enum(plainDistances), lpipsDistanceSchema], {
  error: `must be one of ${plainDistances.join(', ')}, or an object with name: "lpips"`,
});
const weightings = z.enum(['uniform', 'snr', 'snr+1', 'karras', 'truncated-snr']);
const unit = z.number().min(0).lt(1);
const count = z.int().positive();

/** Options of the `edm` method: denoising score matching, the training of a teacher. */
export const edmOptionsSchema = z.strictObject({
  pMean: z.number().default(-1.2),
  pStd: z.number().positive().default(1.2),
  weighting: weightings.default('karras'),
  reduction: z.enum(['mean', 'sum']).default('mean'),
  /** Learns a weight per noise level beside the network. */
  adaptiveWeighting: z.boolean().default(false),
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
export const ectOptionsSchema = z
  .strictObject({
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
  })
  .refine(({ q, numStages, stageImages }) => (stageImages === undefined ? numStages : 1) <= mostEctStages(q), {
    path: ['numStages'],
    error: 'must be at most 20 / log2(q), or float32 cannot tell the levels of a pair apart',
  });

/** Options of the `ict` method: improved consistency training. */
export const ictOptionsSchema = z.strictObject({
  startScales: z.int().min(2).default(10),
  endScales: z.int().min(2).default(1280),
  pMean: z.number().default(-1.1),
  pStd: z.number().positive().default(2),
  /** `auto`: 0.00054 times the root of the number of elements of an image. */
  huberC: z.union([z.literal('auto'), z.number().min(0)]).default('auto'),
  /** Of the whole image, or the mean over its elements. */
  huberReduction: z.enum(['norm', 'element']).default('norm'),
});

/** Options of the `scd` and `sct` methods: continuous-time consistency distillation and training. */
export const scmOptionsSchema = z.strictObject({
  pMean: z.number().default(-1),
  pStd: z.number().positive().default(1.4),
  /** Steps over which the part of the tangent with the time derivative is faded in. */
  tangentWarmupSteps: z.int().min(0).default(10_000),
  tangentNormalisation: z.enum(['norm', 'rms', 'clip']).default('norm'),
  tangentC: z.number().positive().default(0.1),
  /** Learns a weight per noise level beside the network. */
  adaptiveWeighting: z.boolean().default(true),
});

/** Options of the adversarial term of `ctm`. */
const ctmAdversarialSchema = z
  .strictObject({
    /** Updates of the student before the term begins. */
    startStep: z.int().min(0),
    /** Bounds of the adaptive weight. */
    weightMin: z.number().min(0).default(0.01),
    weightMax: z.number().positive().default(10),
    /** Width of the discriminator. */
    channels: count.max(4096).default(64),
    /** Of the discriminator; its learning rate is constant. */
    optimizer: z
      .strictObject({
        name: z.enum(['adam', 'adamw', 'radam', 'radam-original']).default('radam'),
        learningRate: z.number().positive().default(2e-3),
        betas: z.tuple([unit, z.number().gt(0).lt(1)]).default([0.5, 0.9]),
        epsilon: z.number().positive().default(1e-8),
        weightDecay: z.number().min(0).default(0),
        amsgrad: z.boolean().default(false),
      })
      .prefault({}),
  })
  .refine(({ weightMin, weightMax }) => weightMin <= weightMax, {
    path: ['weightMin'],
    error: 'must be at most weightMax',
  });

/** Options of the `ctm` method: consistency trajectory models. */
export const ctmOptionsSchema = z
  .strictObject({
    numScales: z.int().min(3).default(18),
    /** Largest number of intervals the teacher solves at once; default numScales - 1. */
    maxSolverSteps: count.optional(),
    solver: z.enum(['heun', 'euler']).default('heun'),
    targetEma: unit.default(0.999),
    distance: distances.default('l2'),
    huberC: z.number().min(0).default(0.03),
    /** Weight of denoising score matching: a number, or balanced by the gradients at the last layer. */
    dsmWeight: z.union([z.literal('adaptive'), z.number().min(0)]).default('adaptive'),
    dsmPMean: z.number().default(-1.2),
    dsmPStd: z.number().positive().default(1.2),
    /** The adversarial term, with a small discriminator; default none. */
    adversarial: ctmAdversarialSchema.optional(),
  })
  .refine(({ numScales, maxSolverSteps }) => (maxSolverSteps ?? 1) < numScales, {
    path: ['maxSolverSteps'],
    error: 'must be below numScales',
  });

/** Options of the `pd` method: progressive distillation, N halving from stage to stage. */
export const pdOptionsSchema = z
  .strictObject({
    /** N of the first stage's student, a power of two times endScales. */
    startScales: count.default(64),
    endScales: count.default(1),
    /** The last stages get twice the steps of the others. */
    doubledStages: z.int().min(0).default(2),
    distance: distances.default('l2'),
    huberC: z.number().min(0).default(0.03),
    weighting: weightings.default('truncated-snr'),
  })
  .refine(
    ({ startScales, endScales }) => Number.isInteger(Math.log2(startScales / endScales)) && startScales >= endScales,
    {
      path: ['startScales'],
      error: 'must be endScales times a power of two',
    },
  );

/** Options of the `kd` method: knowledge distillation from stored pairs. */
export const kdOptionsSchema = z.strictObject({
  distance: distances.default('l2'),
  huberC: z.number().min(0).default(0.03),
});

/** Options of the `reflow` method: rectified flow, its repetition on pairs, and its distillation. */
export const reflowOptionsSchema = z.strictObject({
  phase: z.enum(['flow', 'distill']).default('flow'),
  /** Trains on pairs from an earlier flow instead of independent noise; `distill` always does. */
  pairs: z.boolean().default(false),
  /** Smallest time. */
  tMin: z.number().gt(0).lt(1).default(1e-3),
  /** `distill`: steps k of the sampler, whose times tMin + (1 - tMin) i / k are trained; 1 for a one-step model. */
  distillSteps: count.default(1),
  distance: distances.default('l2'),
  huberC: z.number().min(0).default(0.03),
});

/** Options of the `meanflow` method: average velocities, from scratch. */
export const meanflowOptionsSchema = z.strictObject({
  /** Of the normal law whose logistic gives the times. */
  pMean: z.number().default(-0.4),
  pStd: z.number().positive().default(1),
  /** Share of images whose two times differ. */
  jumpShare: z.number().min(0).max(1).default(0.25),
  /** Loss is divided by (its value + c)^power, without gradient. */
  weightPower: z.number().min(0).default(1),
  weightC: z.number().positive().default(1e-3),
});

/** Option schema of each method. */
export const objectiveSchemas = {
  edm: edmOptionsSchema,
  cd: cdOptionsSchema,
  ct: ctOptionsSchema,
  ict: ictOptionsSchema,
  ect: ectOptionsSchema,
  scd: scmOptionsSchema,
  sct: scmOptionsSchema,
  ctm: ctmOptionsSchema,
  pd: pdOptionsSchema,
  kd: kdOptionsSchema,
  reflow: reflowOptionsSchema,
  meanflow: meanflowOptionsSchema,
} as const;

/** Methods a recipe may name. */
export type MethodName = keyof typeof objectiveSchemas;

/** The same as a list. */
export const methodNames = Object.keys(objectiveSchemas) as readonly MethodName[];
