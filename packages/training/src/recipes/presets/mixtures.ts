import type { Preset, Presets, RecipeNotes } from './preset';

/** A mixture whose denoiser is known, and what its recipes differ in. */
interface MixtureFamily {
  /** Dataset, and the beginning of the names. */
  readonly spec: string;
  readonly network: string;
  /** Std of the data. */
  readonly sigmaData: number;
  readonly sigmaMax: number;
}

const families: readonly MixtureFamily[] = [
  { spec: 'mixture-2d', network: 'mixture-mlp', sigmaData: 0.5, sigmaMax: 10 },
  { spec: 'mixture-16d', network: 'mixture-mlp-16d', sigmaData: 0.7, sigmaMax: 20 },
];

type Fields = Partial<Preset['recipe']> & Pick<Preset['recipe'], 'method' | 'optimizer' | 'steps'>;

/** Methods that took more than a minute in two dimensions, on 2 cores with other work beside. */
const slower: readonly string[] = ['cd', 'ctm', 'meanflow', 'reflow'];

/** Recipes whose exact answer is known. */
export const mixturePresets: Presets = Object.fromEntries(
  families.flatMap((family) => Object.entries(recipes(family))),
);

function timeClassOf(spec: string, method: string): string {
  if (spec !== 'mixture-2d') return 'minutes on 2 cores';
  return slower.includes(method) ? '3 minutes or less on 2 cores' : 'a minute or less on 2 cores';
}

function recipes({ spec, network, sigmaData, sigmaMax }: MixtureFamily): Record<string, Preset> {
  const source = `chosen here, on the ${spec} test bed`;
  const preset = (fields: Fields, startsFrom?: string, own: Partial<RecipeNotes> = {}): Preset => ({
    size: 'laptop',
    timeClass: timeClassOf(spec, fields.method),
    source,
    ...(startsFrom === undefined ? {} : { startsFrom: `${spec}-${startsFrom}` }),
    recipe: {
      dataset: { spec },
      network: { name: 'mlp', preset: network },
      preconditioning: { sigmaData },
      sigma: { min: 0.01, max: sigmaMax },
      ema: [{ name: 'main', decay: 0.99 }],
      batchSize: 256,
      checkpoint: { everySteps: 500 },
      logging: { everySteps: 50 },
      ...fields,
      optimizer: { decay: { from: 0.5, to: 0.01 }, ...fields.optimizer },
    },
    ...own,
  });
  const teacher = { from: 'teacher' } as const;
  /** Times of a few units are told apart better when they are stretched. */
  const timed = (config: Record<string, unknown> = {}) => ({
    name: 'mlp',
    preset: network,
    config: { embeddingScale: 8, ...config },
  });
  const trigflow = { preconditioning: { name: 'trigflow' as const, sigmaData }, network: timed() };
  /** Without a weight the small levels are hardly trained, and every larger one inherits their error. */
  const smallLevels = 'snr+1' as const;
  /**
   * A norm alone pulls towards a median, which in few dimensions is far from the mean: the constant turns it into a square
   * for all but the largest errors.
   */
  const huberC = 0.5;
  const trajectories = {
    method: 'ctm' as const,
    network: { name: 'mlp', preset: network, config: { secondTime: true } },
    optimizer: { learningRate: 1e-3 },
    init: teacher,
  };
  const trajectoryObjective = { numScales: 18, targetEma: 0.95 };
  /** t = 0.001. */
  const flow = { sigma: { min: 0.01, max: 999 } };
  return {
    [`${spec}-edm`]: preset({ method: 'edm', optimizer: { name: 'adam', learningRate: 2e-3 }, steps: 2000 }),
    [`${spec}-trigflow`]: preset({
      ...trigflow,
      method: 'edm',
      optimizer: { name: 'adam', learningRate: 2e-3 },
      steps: 2000,
    }),
    [`${spec}-cd`]: preset(
      {
        method: 'cd',
        objective: { numScales: 18, weighting: smallLevels },
        optimizer: { learningRate: 1e-3 },
        init: teacher,
        steps: 2000,
      },
      'edm',
    ),
    [`${spec}-ct`]: preset({
      method: 'ct',
      objective: { startScales: 2, endScales: 40, weighting: smallLevels },
      optimizer: { learningRate: 1e-3 },
      steps: 3000,
    }),
    [`${spec}-ict`]: preset({
      method: 'ict',
      objective: { startScales: 10, endScales: 160, huberC },
      optimizer: { learningRate: 1e-3 },
      steps: 3000,
    }),
    [`${spec}-ect`]: preset(
      {
        method: 'ect',
        objective: { numStages: 5, c: huberC },
        optimizer: { learningRate: 1e-3 },
        init: teacher,
        steps: 2000,
      },
      'edm',
    ),
    [`${spec}-scd`]: preset(
      {
        ...trigflow,
        method: 'scd',
        // A learned weight grows without bound at levels that have converged, and drowns the others. A tangent divided by its own
        // size aims beside the mean, the more so the longer it trains: a large constant leaves it nearly as it is.
        objective: { pMean: -1, pStd: 1.4, tangentWarmupSteps: 300, tangentC: 30, adaptiveWeighting: false },
        optimizer: { learningRate: 1e-3, betas: [0.9, 0.99] },
        init: teacher,
        steps: 3000,
      },
      'trigflow',
    ),
    [`${spec}-sct`]: preset(
      {
        ...trigflow,
        method: 'sct',
        // For the same reasons, with somewhat larger levels.
        objective: { pMean: -0.7, pStd: 1.6, tangentWarmupSteps: 300, tangentC: 30, adaptiveWeighting: false },
        optimizer: { learningRate: 1e-3, betas: [0.9, 0.99] },
        init: teacher,
        steps: 3000,
      },
      'trigflow',
    ),
    [`${spec}-ctm`]: preset({ ...trajectories, objective: trajectoryObjective, steps: 2000 }, 'edm'),
    // Every second step after startStep is the discriminator's: 2000 updates of the student, as without it.
    ...(spec === 'mixture-2d'
      ? {
          [`${spec}-ctm-gan`]: preset(
            {
              ...trajectories,
              objective: { ...trajectoryObjective, adversarial: { startStep: 1000 } },
              steps: 3000,
            },
            'edm',
            {
              timeClass: '4 minutes or less on 2 cores',
              notes: ['The discriminator is a small network trained from scratch, not the projected one of the paper.'],
            },
          ),
        }
      : {}),
    [`${spec}-pd`]: preset(
      {
        method: 'pd',
        objective: { startScales: 64, endScales: 1, doubledStages: 2 },
        optimizer: { name: 'adam', learningRate: 1e-3, clipNorm: 1, decay: { from: 0, to: 0 } },
        init: teacher,
        steps: 3600,
      },
      'edm',
    ),
    [`${spec}-kd`]: preset(
      { method: 'kd', optimizer: { name: 'adam', learningRate: 2e-3 }, init: teacher, steps: 3000 },
      'edm',
    ),
    [`${spec}-reflow`]: preset({
      ...flow,
      method: 'reflow',
      optimizer: { name: 'adam', learningRate: 2e-3 },
      steps: 3000,
    }),
    [`${spec}-reflow-2`]: preset(
      {
        ...flow,
        method: 'reflow',
        objective: { pairs: true },
        optimizer: { name: 'adam', learningRate: 1e-3 },
        init: teacher,
        steps: 2000,
      },
      'reflow',
    ),
    [`${spec}-reflow-distill`]: preset(
      {
        ...flow,
        method: 'reflow',
        objective: { phase: 'distill' },
        optimizer: { name: 'adam', learningRate: 1e-3 },
        init: teacher,
        steps: 2000,
      },
      'reflow-2',
    ),
    [`${spec}-meanflow`]: preset({
      method: 'meanflow',
      network: timed({ secondTime: true }),
      // Wider times than the paper's, which has none near the largest sigma in so few steps, and squares unweighted.
      objective: { jumpShare: 0.75, weightPower: 0, pMean: 0.5, pStd: 1.6 },
      optimizer: { name: 'adam', learningRate: 2e-3 },
      steps: 4000,
    }),
  };
}
