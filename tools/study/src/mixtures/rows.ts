import type { Row } from '../rows/row';
import { samplePlans } from '../rows/sample-plans';

type Range = { readonly sigmaMin: number; readonly sigmaMax: number };

/** Every method on a mixture; a row comes after those it starts from. */
export function mixtureRows(range: Range): readonly Row[] {
  const plans = samplePlans(range);
  const radam = { name: 'radam', learningRate: 1e-3, decay: { from: 0.5, to: 0.01 } } as const;
  const tuned = { optimizer: radam };
  const flowRange = { sigma: { min: range.sigmaMin, max: 999 } };
  return [
    { name: 'edm', method: 'edm', start: 'random', samples: plans.denoiser },
    {
      name: 'cd',
      method: 'cd',
      start: 'edm',
      teacher: true,
      // Without a weight the small levels are hardly trained, and every larger one inherits their error.
      objective: { numScales: 40, weighting: 'snr+1' },
      recipe: tuned,
      samples: plans.consistency,
    },
    {
      name: 'ct',
      method: 'ct',
      start: 'random',
      objective: { startScales: 4, endScales: 80, startEma: 0.9, weighting: 'snr+1' },
      recipe: tuned,
      samples: plans.consistency,
    },
    {
      name: 'ict',
      method: 'ict',
      start: 'random',
      // In few dimensions the norm alone would pull towards a median, which is not the mean; a larger constant squares it.
      objective: { startScales: 10, endScales: 160, huberC: 0.5 },
      recipe: tuned,
      samples: plans.consistency,
    },
    {
      name: 'ect',
      method: 'ect',
      start: 'edm',
      objective: { numStages: 8, c: 0.5 },
      recipe: tuned,
      samples: plans.consistency,
    },
    {
      name: 'scd',
      method: 'scd',
      start: 'edm',
      teacher: true,
      // The learned weight grows without bound at levels that have converged, and drowns the others here; a tangent divided by
      // its own size aims beside the mean, and the more so the longer it trains: a large constant leaves it nearly as it is.
      objective: { tangentWarmupSteps: 300, pMean: -1, pStd: 1.4, tangentC: 30, adaptiveWeighting: false },
      recipe: { ...tuned, preconditioning: { name: 'edm' } },
      samples: plans.consistency,
    },
    {
      name: 'sct',
      method: 'sct',
      start: 'edm',
      objective: { tangentWarmupSteps: 300, pMean: -0.7, pStd: 1.6, tangentC: 30, adaptiveWeighting: false },
      recipe: { ...tuned, preconditioning: { name: 'edm' } },
      samples: plans.consistency,
    },
    {
      name: 'ctm',
      method: 'ctm',
      start: 'edm',
      teacher: true,
      secondTime: true,
      objective: { numScales: 40, maxSolverSteps: 4, targetEma: 0.99 },
      recipe: tuned,
      samples: plans.jump,
    },
    {
      name: 'pd',
      method: 'pd',
      start: 'edm',
      teacher: true,
      objective: { startScales: 64 },
      recipe: { optimizer: { name: 'adam', learningRate: 1e-3, decay: { from: 0, to: 0.01 } }, ema: [] },
      samples: plans.progressive,
      keepStages: true,
    },
    {
      name: 'kd',
      method: 'kd',
      start: 'edm',
      pairs: 'teacher',
      recipe: tuned,
      samples: plans.single(range.sigmaMax),
    },
    { name: '1-rf', method: 'reflow', start: 'random', recipe: flowRange, samples: plans.flow },
    {
      name: '2-rf',
      method: 'reflow',
      start: '1-rf',
      pairs: '1-rf',
      objective: { pairs: true },
      recipe: { ...flowRange, ...tuned },
      samples: plans.flow,
    },
    {
      name: '2-rf-distilled',
      method: 'reflow',
      start: '2-rf',
      pairs: '2-rf',
      objective: { phase: 'distill' },
      recipe: { ...flowRange, ...tuned },
      samples: plans.single(999),
    },
    {
      name: 'meanflow',
      method: 'meanflow',
      start: 'random',
      secondTime: true,
      // Wider times than the paper's, which has none near the largest sigma in so few steps, and squares unweighted.
      objective: { jumpShare: 0.75, weightPower: 0, pMean: 0.5, pStd: 1.6 },
      samples: plans.jump,
    },
  ];
}
