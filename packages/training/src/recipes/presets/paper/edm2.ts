import type { RecipeInput } from '../../schema';
import type { Preset, Presets } from '../preset';
import { datasets, halfPrecision, paperPreset } from './networks';

/** What the four sizes of EDM2's network for ImageNet-64 differ in. */
interface Size {
  readonly letter: 's' | 'm' | 'l' | 'xl';
  /** Of the diffusion model. */
  readonly learningRate: number;
  readonly dropout: number;
  /** Images of the diffusion model, in units of 2^20. */
  readonly mebiImages: number;
  /** Of easy consistency tuning. */
  readonly tuning: { readonly learningRate: number; readonly dropout: number };
  /** Learning rate of continuous-time models. */
  readonly continuousRate: number;
}

const sizes: readonly Size[] = [
  { letter: 's', learningRate: 0.01, dropout: 0, mebiImages: 1024, tuning: { learningRate: 1e-3, dropout: 0.4 }, continuousRate: 1e-4 }, // prettier-ignore
  { letter: 'm', learningRate: 0.009, dropout: 0.1, mebiImages: 2048, tuning: { learningRate: 9e-4, dropout: 0.5 }, continuousRate: 9e-5 }, // prettier-ignore
  { letter: 'l', learningRate: 0.008, dropout: 0.1, mebiImages: 1024, tuning: { learningRate: 8e-4, dropout: 0.5 }, continuousRate: 8e-5 }, // prettier-ignore
  { letter: 'xl', learningRate: 0.007, dropout: 0.1, mebiImages: 640, tuning: { learningRate: 7e-4, dropout: 0.5 }, continuousRate: 7e-5 }, // prettier-ignore
];

const edm2 = 'EDM2 (Karras et al. 2024), released code';
const ect = 'ECT (Geng et al. 2024), released code for ImageNet';
const scm = 'sCM (Lu and Song 2024), appendix G: no official code';
const dataset = { ...datasets.imagenet64, flip: false };
const powers = (...widths: readonly number[]) =>
  widths.map((width) => ({ name: `power-${width}`, power: { relativeStd: width } }));
const adam = { name: 'adam' as const, betas: [0.9, 0.99] as [number, number] };
const batchSize = 2048;
const decay = { shape: 'inverse-sqrt' as const, referenceSteps: 35_000 };
/** Grids of 16 x 16 and below. */
const lowGrids = [4, 8];

const network = ({ letter }: Size, config: Readonly<Record<string, unknown>> = {}): RecipeInput['network'] => ({
  name: 'edm2-unet',
  preset: `edm2-imagenet64-${letter}`,
  config,
  classConditional: true,
});

/** sCM embeds the angle of TrigFlow, whose frequencies must vary slowly. */
const trigflow = { name: 'trigflow' as const };
const slowly = { fourierScale: 0.02 };

function teacher(size: Size): Preset['recipe'] {
  return {
    dataset,
    network: network(size),
    method: 'edm',
    objective: { pMean: -0.8, pStd: 1.6, adaptiveWeighting: true },
    // The rate rises over the first 10 M images.
    optimizer: { ...adam, learningRate: size.learningRate, warmupSteps: 4883, decay },
    ema: powers(0.05, 0.1),
    batchSize,
    steps: (size.mebiImages * 2 ** 20) / batchSize,
    dropout: size.dropout,
  };
}

function continuous(method: 'scd' | 'sct', size: Size): Preset['recipe'] {
  const dropout = method === 'sct' ? 0.45 : 0;
  return {
    dataset,
    network: network(size, { ...slowly, dropout, dropoutResolutions: lowGrids }),
    preconditioning: trigflow,
    method,
    objective: { pMean: -1, pStd: 1.6, tangentWarmupSteps: 10_000, tangentNormalisation: 'norm', tangentC: 0.1 },
    optimizer: { ...adam, learningRate: size.continuousRate, epsilon: 1e-11, decay },
    ema: powers(0.05),
    init: { from: 'teacher' },
    batchSize,
    steps: 400_000,
    dropout,
  };
}

const ofSize = (size: Size): Presets => ({
  [`paper-imagenet64-edm2-${size.letter}`]: paperPreset(edm2, teacher(size), {
    notes: [
      halfPrecision,
      `${size.mebiImages} Mi images. The average to sample with is made from the two afterwards: \`onestep ema\`.`,
      'The uncertainty of a noise level is learned on cosines of its angle, not on random Fourier features of its logarithm.',
    ],
  }),
  [`paper-imagenet64-ect-${size.letter}`]: paperPreset(
    ect,
    {
      dataset,
      network: network(size, { dropout: size.tuning.dropout, dropoutResolutions: lowGrids }),
      method: 'ect',
      objective: { q: 4, pMean: -0.8, pStd: 1.6, k: 8, b: 1, c: 0.06, weighting: 'edm', stageImages: 3_200_000 },
      optimizer: { ...adam, learningRate: size.tuning.learningRate, decay: { ...decay, referenceSteps: 2000 } },
      ema: [{ name: 'main', decay: 0.9999 }, ...powers(0.01, 0.05, 0.1)],
      init: { from: 'teacher' },
      batchSize: 128,
      steps: 100_000,
      dropout: size.tuning.dropout,
    },
    {
      startsFrom: `paper-imagenet64-edm2-${size.letter}`,
      notes: ['12.8 M images, four stages of 25 k steps.', halfPrecision],
    },
  ),
  [`paper-imagenet64-trigflow-${size.letter}`]: paperPreset(
    `${scm}: the ImageNet-64 teacher`,
    { ...teacher(size), network: network(size, slowly), preconditioning: trigflow },
    {
      notes: [
        halfPrecision,
        'Only the network, the law of sigma and TrigFlow are given; the rest is as EDM2 trains it.',
      ],
    },
  ),
  ...Object.fromEntries(
    (['scd', 'sct'] as const).map((method) => [
      `paper-imagenet64-${method}-${size.letter}`,
      paperPreset(scm, continuous(method, size), {
        startsFrom: `paper-imagenet64-trigflow-${size.letter}`,
        notes: [halfPrecision],
      }),
    ]),
  ),
});

/** ImageNet-64 with the networks of EDM2: its diffusion models, easy tuning, and continuous-time models. */
export const edm2PaperPresets: Presets = Object.assign({}, ...sizes.map(ofSize)) as Presets;
