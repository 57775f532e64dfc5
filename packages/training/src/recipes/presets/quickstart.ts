import type { Preset, Presets } from './preset';

/** What the quickstart's recipes share: a network small enough for minutes on two cores, conditioned on the class. */
const shared = {
  dataset: { spec: 'mnist', flip: false },
  network: { name: 'adm-unet', preset: 'mnist-tiny', classConditional: true },
  batchSize: 64,
  checkpoint: { keepLast: 2 },
};

/** The half-life follows the length of the run: 5 % of the images seen, so that short runs get useful averages too. */
const ema = [{ name: 'main', halfLifeImages: 20_000, rampUp: 0.05 }];
const decay = { from: 0.6, to: 0.05 };

/** The main job: a teacher, and three ways to a consistency model. Steps are set by the command that runs them. */
export const quickstartPresets: Presets = {
  'quickstart-edm': preset({
    ...shared,
    ema,
    method: 'edm',
    optimizer: { name: 'adam', learningRate: 1e-3, warmupSteps: 50, clipNorm: 1, decay },
    steps: 1500,
  }),
  'quickstart-ect': preset(
    {
      ...shared,
      ema,
      method: 'ect',
      objective: { q: 2, numStages: 4 },
      optimizer: { name: 'radam', learningRate: 5e-4, decay },
      init: { from: 'teacher' },
      steps: 1500,
    },
    'quickstart-edm',
  ),
  'quickstart-cd': preset(
    {
      ...shared,
      ema,
      method: 'cd',
      objective: { numScales: 18, solver: 'heun', distance: 'l2' },
      optimizer: { name: 'radam', learningRate: 5e-4, decay },
      init: { from: 'teacher' },
      steps: 1500,
    },
    'quickstart-edm',
  ),
  'quickstart-ct': preset({
    ...shared,
    ema,
    method: 'ct',
    objective: { startScales: 2, endScales: 30, startEma: 0.9, distance: 'l2' },
    optimizer: { name: 'radam', learningRate: 5e-4, decay },
    steps: 3000,
  }),
};

function preset(recipe: Preset['recipe'], startsFrom?: string): Preset {
  return {
    size: 'laptop',
    timeClass: '9 minutes on 2 cores, teacher and student together',
    source: 'chosen here, for `onestep quickstart`',
    startsFrom,
    recipe,
  };
}
