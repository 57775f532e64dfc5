import type { RecipeInput } from '../schema';
import { notRunHere, type Preset, type Presets, type RecipeSize } from './preset';

/** Images small enough for one machine, and how long the methods are trained on them. */
interface ImageFamily {
  /** Beginning of the names. */
  readonly prefix: string;
  readonly size: RecipeSize;
  readonly shared: Pick<RecipeInput, 'dataset' | 'network' | 'batchSize' | 'checkpoint' | 'logging'>;
  /** Steps of a teacher; the others follow from it. */
  readonly steps: number;
  /** Average of the students. */
  readonly emaDecay: number;
  /** Of the teacher's average. */
  readonly halfLifeImages: number;
  readonly source: string;
  /** Where somebody has timed the method on that machine. */
  readonly timeClasses: Readonly<Record<string, string>>;
}

const families: readonly ImageFamily[] = [
  {
    prefix: 'mnist',
    size: 'laptop',
    shared: {
      dataset: { spec: 'mnist', flip: false },
      network: { name: 'adm-unet', preset: 'mnist-tiny' },
      batchSize: 64,
      checkpoint: { everySteps: 500, keepLast: 3 },
      logging: { everySteps: 20, samplesEverySteps: 500 },
    },
    steps: 1500,
    emaDecay: 0.995,
    halfLifeImages: 20_000,
    source: 'chosen here, for minutes on 2 cores',
    timeClasses: { edm: '5 minutes on 2 cores', ect: '5 minutes on 2 cores' },
  },
  {
    prefix: 'cifar10',
    size: 'gpu-hour',
    shared: {
      dataset: { spec: 'cifar10', flip: true },
      network: { name: 'adm-unet', preset: 'cifar-small' },
      batchSize: 128,
      checkpoint: { everySteps: 2000, keepLast: 2 },
      logging: { everySteps: 100, samplesEverySteps: 2000 },
    },
    steps: 20_000,
    emaDecay: 0.999,
    halfLifeImages: 200_000,
    source: 'chosen here, for about an hour on one GPU',
    timeClasses: {},
  },
];

type Fields = Partial<Preset['recipe']> & Pick<Preset['recipe'], 'method' | 'optimizer'>;

/** Recipes on MNIST (laptop) and CIFAR-10 (an hour on a GPU), one for each method. */
export const smallImagePresets: Presets = Object.fromEntries(
  families.flatMap((family) => Object.entries(recipes(family))),
);

function recipes(family: ImageFamily): Record<string, Preset> {
  const { prefix, size, shared, source, steps } = family;
  const untimed = size === 'laptop' ? 'minutes on 2 cores' : notRunHere;
  const preset = (name: string, fields: Fields, startsFrom?: string): [string, Preset] => [
    `${prefix}-${name}`,
    {
      size,
      timeClass: family.timeClasses[name] ?? untimed,
      source,
      ...(startsFrom === undefined ? {} : { startsFrom: `${prefix}-${startsFrom}` }),
      recipe: { ...shared, steps, ema: [{ name: 'main', decay: family.emaDecay }], ...fields },
    },
  ];
  const init = { from: 'teacher' } as const;
  const teacherEma = [{ name: 'main', halfLifeImages: family.halfLifeImages }];
  const network = (config: Record<string, unknown>) => ({ ...shared.network, config });
  const timed = { embeddingScale: 8 };
  const trigflow = { preconditioning: { name: 'trigflow' as const }, network: network(timed) };
  const adam = { name: 'adam', learningRate: 1e-3, warmupSteps: 100, clipNorm: 1 } as const;
  const student = { name: 'radam', learningRate: 4e-4 } as const;
  const continuous = { name: 'radam', learningRate: 4e-4, betas: [0.9, 0.99] as [number, number] } as const;
  const tangents = { objective: { tangentWarmupSteps: Math.round(steps / 4) } };
  /** t = 0.001. */
  const flow = { sigma: { max: 999 } };
  const tuned = { name: 'adam', learningRate: 5e-4, clipNorm: 1 } as const;
  return Object.fromEntries([
    preset('edm', { method: 'edm', optimizer: adam, ema: teacherEma }),
    preset('trigflow', { ...trigflow, method: 'edm', optimizer: adam, ema: teacherEma }),
    preset('cd', { method: 'cd', objective: { numScales: 18 }, optimizer: student, init }, 'edm'),
    preset('ct', {
      method: 'ct',
      objective: { startScales: 2, endScales: size === 'laptop' ? 40 : 150 },
      optimizer: student,
      steps: 2 * steps,
    }),
    preset('ict', {
      method: 'ict',
      objective: { startScales: 10, endScales: size === 'laptop' ? 160 : 640 },
      optimizer: student,
      steps: 2 * steps,
    }),
    preset('ect', { method: 'ect', objective: { q: 2, numStages: 4 }, optimizer: student, init }, 'edm'),
    preset('scd', { ...trigflow, ...tangents, method: 'scd', optimizer: continuous, init }, 'trigflow'),
    preset('sct', { ...trigflow, ...tangents, method: 'sct', optimizer: continuous, init }, 'trigflow'),
    preset(
      'ctm',
      {
        method: 'ctm',
        network: network({ secondTime: true }),
        objective: { numScales: 18, targetEma: 0.99 },
        optimizer: student,
        init,
      },
      'edm',
    ),
    preset(
      'pd',
      {
        method: 'pd',
        objective: { startScales: 32, endScales: 1, doubledStages: 2 },
        optimizer: { name: 'adam', learningRate: 3e-4, clipNorm: 1, decay: { from: 0, to: 0 } },
        init,
        steps: 2 * steps,
      },
      'edm',
    ),
    preset('kd', { method: 'kd', optimizer: tuned, init, steps: 2 * steps }, 'edm'),
    preset('reflow', { ...flow, method: 'reflow', optimizer: adam, ema: teacherEma }),
    preset('reflow-2', { ...flow, method: 'reflow', objective: { pairs: true }, optimizer: tuned, init }, 'reflow'),
    preset(
      'reflow-distill',
      { ...flow, method: 'reflow', objective: { phase: 'distill' }, optimizer: tuned, init },
      'reflow-2',
    ),
    preset('meanflow', {
      method: 'meanflow',
      network: network({ ...timed, secondTime: true }),
      optimizer: adam,
      steps: 2 * steps,
    }),
  ]);
}
