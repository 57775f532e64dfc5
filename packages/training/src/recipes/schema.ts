import { z } from 'zod';
import { maxRelativeStd } from '../ema/power';
import { objectiveSchemas, type MethodName } from './objective-schemas';

const count = z.int().positive();
const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'must begin with a letter or digit and hold only letters, digits, ".", "_", "-"',
  );

const multiplier = z.number().min(0);

/**
 * EDM's augmentation, with labels that tell the network of it: `probability` times its multiplier switches each transform on.
 * The defaults are EDM's for CIFAR-10.
 */
const augment = z.strictObject({
  probability: z.number().positive().max(1).default(0.12),
  /** Left to right; so large that a coin is tossed for every image. */
  xFlip: multiplier.default(1e8),
  yFlip: multiplier.default(1),
  scale: multiplier.default(1),
  rotate: multiplier.default(1),
  aniso: multiplier.default(1),
  translate: multiplier.default(1),
});

const dataset = z
  .strictObject({
    spec: z.string().min(1),
    imageSize: count.optional(),
    /** Mirrors every other image left to right; the network is not told. */
    flip: z.boolean().default(false),
    augment: augment.optional(),
  })
  .refine(({ flip, augment: given }) => !flip || given === undefined || given.xFlip === 0, {
    path: ['flip'],
    error: 'must be false where dataset.augment flips images too (or set augment.xFlip to 0)',
  });

const network = z.strictObject({
  name: z.string().min(1),
  preset: z.string().min(1).optional(),
  /** With a preset: keys that replace the preset's. */
  config: z.record(z.string(), z.unknown()).optional(),
  /** Takes the number of classes from the data. */
  classConditional: z.boolean().default(false),
});

const sigma = z
  .strictObject({
    min: z.number().positive().default(0.002),
    max: z.number().positive().default(80),
    rho: z.number().positive().default(7),
  })
  .refine((value) => value.min < value.max, { path: ['min'], error: 'must be below sigma.max' });

/** How the learning rate falls; see `learningRateAt`. */
const decay = z
  .strictObject({
    shape: z.enum(['linear', 'cosine', 'inverse-sqrt']).default('linear'),
    from: z.number().min(0).lt(1).optional(),
    to: z.number().min(0).max(1).optional(),
    referenceSteps: count.optional(),
  })
  .superRefine(({ shape, from, to, referenceSteps }, context) => {
    const problem = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
    if (shape === 'inverse-sqrt') {
      if (referenceSteps === undefined) problem('referenceSteps', 'must be a number for shape inverse-sqrt');
      if (from !== undefined) problem('from', 'belongs to the shapes linear and cosine');
      if (to !== undefined) problem('to', 'belongs to the shapes linear and cosine');
    } else if (referenceSteps !== undefined) problem('referenceSteps', 'belongs to the shape inverse-sqrt');
  });

const optimizer = z.strictObject({
  name: z.enum(['adam', 'adamw', 'radam', 'radam-original']).default('radam'),
  learningRate: z.number().positive(),
  betas: z.tuple([z.number().min(0).lt(1), z.number().gt(0).lt(1)]).default([0.9, 0.999]),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().min(0).default(0),
  amsgrad: z.boolean().default(false),
  warmupSteps: z.int().min(0).default(0),
  decay: decay.optional(),
  clipNorm: z.number().positive().optional(),
});

const ema = z
  .strictObject({
    name,
    decay: z.number().min(0).lt(1).optional(),
    halfLifeImages: z.number().positive().optional(),
    rampUp: z.number().positive().nullable().optional(),
    /** A power-function average, whose width grows with the run. */
    power: z.strictObject({ relativeStd: z.number().positive().max(maxRelativeStd) }).optional(),
  })
  .refine(
    ({ decay: perStep, halfLifeImages, power }) =>
      [perStep, halfLifeImages, power].filter((rule) => rule !== undefined).length === 1,
    { error: 'takes exactly one of decay, halfLifeImages and power' },
  );

const emas = z
  .array(ema)
  .default([])
  .refine((list) => new Set(list.map((entry) => entry.name)).size === list.length, 'names must differ');

const preconditioning = z.strictObject({
  /** Default: the method's own. */
  name: z.enum(['edm', 'consistency', 'trigflow', 'rectified-flow', 'ctm', 'meanflow']).optional(),
  sigmaData: z.number().positive().default(0.5),
  cNoise: z.enum(['edm', 'openai']).default('edm'),
});

const checkpoint = z.strictObject({
  everySteps: count.default(1000),
  keepLast: count.default(3),
  keepEvery: count.optional(),
});

const logging = z.strictObject({
  everySteps: count.default(10),
  samplesEverySteps: count.optional(),
});

/** How a run is scored while it goes on; whoever runs the trainer computes the score. Lower is better. */
const evaluation = z.strictObject({
  everySteps: count,
  /** Default: what suits the data. */
  metric: name.optional(),
  /** Samples for each evaluation. */
  count: z.int().min(2).max(1e6).default(2000),
  /** Sampling steps; default those of a model of its kind. */
  steps: count.max(10_000).optional(),
  /** Seed of the samples' noise, the same for every evaluation. */
  seed: z.int().min(0).default(0),
  /** Which weights: an average by name, or student; default the first average. */
  weights: name.optional(),
  /** Saves a checkpoint at every best value and never removes it while it is the best. */
  keepBest: z.boolean().default(true),
  /** Ends the run after so many evaluations in a row that were not better by `minDelta`. */
  earlyStopping: z.strictObject({ patience: count, minDelta: z.number().min(0).default(0) }).optional(),
});

/** What is watched for, and what follows; see `WatchSettings`. */
const watch = z.strictObject({
  policy: z.enum(['stop', 'skip', 'rollback']).default('stop'),
  outliers: z.enum(['report', 'act']).optional(),
  lossFactor: z.number().gt(1).nullable().default(10),
  gradFactor: z.number().gt(1).nullable().default(20),
  window: z.int().min(8).max(10_000).default(100),
  maxEvents: count.default(10),
  samplesFraction: z.number().min(0).lt(1).default(0.1),
  samplesFrom: z.number().min(0).max(1).default(0.5),
});

const fields = {
  name,
  dataset,
  network,
  preconditioning: preconditioning.prefault({}),
  sigma: sigma.prefault({}),
  optimizer,
  ema: emas,
  // Bounds that no training reaches: a slip of the finger must not end in an allocation failure.
  batchSize: count.max(2 ** 16),
  steps: count.max(1e9),
  seed: z.int().min(0).default(0),
  dropout: z.number().min(0).lt(1).optional(),
  /** Share of images trained without their label, so that the model can be guided. */
  labelDropout: z.number().min(0).max(1).optional(),
  /** How the teacher is called. */
  teacher: z.strictObject({ guidance: z.number().min(0).optional() }).optional(),
  /** Slices the batch is differentiated in, one after another: less memory, the same step. */
  accumulation: count.default(1),
  /** Computes activations again in the backward pass: less memory, about a third more work. */
  recompute: z.boolean().default(false),
  watch: watch.prefault({}),
  checkpoint: checkpoint.prefault({}),
  logging: logging.prefault({}),
  evaluation: evaluation.optional(),
  init: z.strictObject({ from: z.string().min(1) }).prefault({ from: 'random' }),
};

/** Schema of the recipes of one method: the same for all but `method` and `objective`. */
const forMethod = <M extends MethodName, S extends z.ZodType>(method: M, objective: S) =>
  z
    .strictObject({ ...fields, method: z.literal(method), objective })
    .refine(({ batchSize, accumulation }) => batchSize % accumulation === 0, {
      path: ['accumulation'],
      error: 'must divide batchSize',
    });

/** Recipe schema by method. */
export const recipeSchemas = {
  edm: forMethod('edm', objectiveSchemas.edm.prefault({})),
  cd: forMethod('cd', objectiveSchemas.cd.prefault({})),
  ct: forMethod('ct', objectiveSchemas.ct.prefault({})),
  ict: forMethod('ict', objectiveSchemas.ict.prefault({})),
  ect: forMethod('ect', objectiveSchemas.ect.prefault({})),
  scd: forMethod('scd', objectiveSchemas.scd.prefault({})),
  sct: forMethod('sct', objectiveSchemas.sct.prefault({})),
  ctm: forMethod('ctm', objectiveSchemas.ctm.prefault({})),
  pd: forMethod('pd', objectiveSchemas.pd.prefault({})),
  kd: forMethod('kd', objectiveSchemas.kd.prefault({})),
  reflow: forMethod('reflow', objectiveSchemas.reflow.prefault({})),
  meanflow: forMethod('meanflow', objectiveSchemas.meanflow.prefault({})),
} as const satisfies Record<MethodName, z.ZodType>;

/** What stands in for a recipe whose method is unknown, so that its other problems are reported too. */
export const methodlessSchema = z.strictObject({
  ...fields,
  method: z.unknown().optional(),
  objective: z.unknown().optional(),
});

/**
 * Schema of a recipe: a run described in one JSON object. Defaults are filled in, unknown keys are refused.
 * {@link parseRecipe} wraps it with messages for people.
 */
export const recipeSchema = z.discriminatedUnion('method', [
  recipeSchemas.edm,
  recipeSchemas.cd,
  recipeSchemas.ct,
  recipeSchemas.ict,
  recipeSchemas.ect,
  recipeSchemas.scd,
  recipeSchemas.sct,
  recipeSchemas.ctm,
  recipeSchemas.pd,
  recipeSchemas.kd,
  recipeSchemas.reflow,
  recipeSchemas.meanflow,
]);

/** A recipe with every default filled in; stored as `recipe.json` in the run. */
export type Recipe = z.output<typeof recipeSchema>;

/** A recipe as people write it: what has a default may be left out. */
export type RecipeInput = z.input<typeof recipeSchema>;

/** One recipe of a given method. */
export type RecipeOf<M extends MethodName> = Extract<Recipe, { readonly method: M }>;
