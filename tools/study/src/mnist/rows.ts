import type { Row } from '../rows/row';
import { samplePlans } from '../rows/sample-plans';

/** Noise levels of the image study. */
export const imageRange = { sigmaMin: 0.002, sigmaMax: 80 };

/** Every method on images of digits; a row comes after those it starts from. */
export function mnistRows(): readonly Row[] {
  const { consistency, jump, progressive, flow, single } = samplePlans(imageRange);
  const radam = { name: 'radam', learningRate: 5e-4, decay: { from: 0.6, to: 0.05 }, clipNorm: 1 } as const;
  const tuned = { optimizer: radam };
  const trained = { optimizer: { ...radam, name: 'adam', learningRate: 1e-3, warmupSteps: 50 } } as const;
  const flowRange = { sigma: { min: imageRange.sigmaMin, max: 999 } };
  return [
    {
      name: 'cd',
      method: 'cd',
      start: 'edm',
      teacher: true,
      objective: { weighting: 'snr+1' },
      recipe: tuned,
      samples: consistency,
    },
    {
      name: 'ect',
      method: 'ect',
      start: 'edm',
      objective: { q: 2, numStages: 4 },
      recipe: tuned,
      samples: consistency,
    },
    {
      name: 'scd',
      method: 'scd',
      start: 'edm',
      teacher: true,
      objective: { tangentWarmupSteps: 200, adaptiveWeighting: false },
      recipe: { ...tuned, preconditioning: { name: 'edm' } },
      samples: consistency,
    },
    {
      name: 'sct',
      method: 'sct',
      start: 'edm',
      objective: { tangentWarmupSteps: 200, adaptiveWeighting: false },
      recipe: { ...tuned, preconditioning: { name: 'edm' } },
      samples: consistency,
    },
    {
      name: 'ctm',
      method: 'ctm',
      start: 'edm',
      teacher: true,
      secondTime: true,
      objective: { numScales: 18, maxSolverSteps: 2, targetEma: 0.99 },
      recipe: tuned,
      samples: jump,
    },
    {
      name: 'pd',
      method: 'pd',
      start: 'edm',
      teacher: true,
      objective: { startScales: 16 },
      recipe: { optimizer: { name: 'adam', learningRate: 5e-4, decay: { from: 0, to: 0.05 }, clipNorm: 1 }, ema: [] },
      samples: progressive,
      keepStages: true,
    },
    { name: 'kd', method: 'kd', start: 'edm', pairs: 'teacher', recipe: tuned, samples: single(imageRange.sigmaMax) },
    {
      name: 'ct',
      method: 'ct',
      start: 'random',
      objective: { startScales: 2, endScales: 40, startEma: 0.9, weighting: 'snr+1' },
      recipe: tuned,
      samples: consistency,
    },
    {
      name: 'ict',
      method: 'ict',
      start: 'random',
      objective: { startScales: 10, endScales: 80 },
      recipe: tuned,
      samples: consistency,
    },
    {
      name: 'meanflow',
      method: 'meanflow',
      start: 'random',
      secondTime: true,
      objective: { pMean: 0, pStd: 1.4, jumpShare: 0.5 },
      recipe: trained,
      samples: jump,
    },
    { name: '1-rf', method: 'reflow', start: 'random', recipe: { ...flowRange, ...trained }, samples: flow },
    {
      name: '2-rf',
      method: 'reflow',
      start: '1-rf',
      pairs: '1-rf',
      objective: { pairs: true },
      recipe: { ...flowRange, ...tuned },
      samples: flow,
    },
    {
      name: '2-rf-distilled',
      method: 'reflow',
      start: '2-rf',
      pairs: '2-rf',
      objective: { phase: 'distill' },
      recipe: { ...flowRange, ...tuned },
      samples: single(999),
    },
  ];
}

/** The teacher of the image study. */
export function teacherRow(): Row {
  const { denoiser } = samplePlans(imageRange);
  return {
    name: 'edm',
    method: 'edm',
    start: 'random',
    recipe: {
      optimizer: { name: 'adam', learningRate: 1e-3, warmupSteps: 50, clipNorm: 1, decay: { from: 0.6, to: 0.05 } },
    },
    samples: denoiser,
  };
}
