import { karrasSigmas } from '@onestep/core';
import { hostTensor } from '@onestep/tensor';
import { decodeModel, encodeModel, parseRecipe, type ModelDescription } from '@onestep/training';
import { describe, expect, it } from 'vitest';
import { fixedSampling } from '../../src/model-file/fixed-sampling';

const recipe = (changes: Readonly<Record<string, unknown>>) =>
  parseRecipe({
    name: 'a',
    dataset: { spec: 'pairs' },
    network: { name: 'mlp' },
    optimizer: { learningRate: 1e-3 },
    batchSize: 4,
    steps: 100,
    ...changes,
  });

describe('fixedSampling', () => {
  it('is one step at sigmaMax for knowledge distillation', () => {
    expect(fixedSampling(recipe({ method: 'kd', sigma: { max: 10 } }), 0)).toEqual({
      sampler: 'one-step',
      sigmas: [10],
    });
  });

  it('is the N intervals of the stage for progressive distillation', () => {
    const pd = recipe({ method: 'pd', objective: { startScales: 8 } });
    expect(fixedSampling(pd, 1)).toEqual({ sampler: 'euler', sigmas: karrasSigmas(5) });
    expect(fixedSampling(pd, 3)).toEqual({ sampler: 'euler', sigmas: karrasSigmas(2) });
  });

  it('is the k times of a distilled flow', () => {
    const flow = (objective: object) => recipe({ method: 'reflow', sigma: { max: 999 }, objective });
    expect(fixedSampling(flow({}), 0)).toBeUndefined();
    const once = fixedSampling(flow({ phase: 'distill' }), 0);
    expect(once?.sampler).toBe('one-step');
    expect(once?.sigmas[0]).toBeCloseTo(999, 9);
    const twice = fixedSampling(flow({ phase: 'distill', distillSteps: 2 }), 0);
    expect(twice?.sampler).toBe('euler');
    expect(twice?.sigmas.map((sigma) => 1 / (1 + sigma))).toEqual(
      [0.001, 0.5005, 1].map((t) => expect.closeTo(t, 12) as number),
    );
  });

  it('is free for every other method', () => {
    for (const method of ['edm', 'cd', 'ct', 'ict', 'ect', 'scd', 'sct', 'ctm', 'meanflow']) {
      expect(fixedSampling(recipe({ method }), 0)).toBeUndefined();
    }
  });
});

describe('the model file', () => {
  const model: ModelDescription = {
    kind: 'denoiser',
    network: { name: 'mlp', config: { shape: [2] } },
    preconditioning: { name: 'edm', config: {} },
    sigmaMin: 0.002,
    sigmaMax: 80,
    shape: [2],
    numClasses: 0,
    sampling: { sampler: 'euler', sigmas: [80, 2, 0.002] },
  };
  const params = { w: hostTensor(Float32Array.of(1, 2), [2]) };

  it('keeps how its weights are sampled', () => {
    expect(decodeModel(encodeModel({ model, params })).model).toEqual(model);
  });

  it.each([
    ['levels that rise', { sampler: 'euler', sigmas: [1, 2] }],
    ['several levels for one step', { sampler: 'one-step', sigmas: [2, 1] }],
    ['one level for Euler steps', { sampler: 'euler', sigmas: [2] }],
    ['an unknown sampler', { sampler: 'heun', sigmas: [2, 1] }],
  ])('refuses %s', (_, sampling) => {
    const bytes = encodeModel({ model: { ...model, sampling } as ModelDescription, params });
    expect(() => decodeModel(bytes)).toThrow(/sampling/);
  });
});
