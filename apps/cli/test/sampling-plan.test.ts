import type { ModelDescription } from '@onestep/training';
import { describe, expect, it } from 'vitest';
import { samplingPlan } from '../src/compose/sampling-plan';

const model = (changes: Partial<ModelDescription>): ModelDescription => ({
  kind: 'denoiser',
  network: { name: 'mlp', config: {} },
  preconditioning: { name: 'edm', config: {} },
  sigmaMin: 0.01,
  sigmaMax: 10,
  shape: [2],
  numClasses: 0,
  ...changes,
});

describe('samplingPlan', () => {
  it('solves the ODE with a denoiser, by Heun unless told otherwise', () => {
    const heun = samplingPlan(model({}), { steps: 4 });
    expect(heun).toMatchObject({ sampler: { name: 'heun' }, nfe: 7 });
    expect(heun.sigmas).toHaveLength(5);
    expect(heun.sigmas[4]).toBe(0);
    expect(samplingPlan(model({}), { steps: 4, sampler: 'euler' })).toMatchObject({
      sampler: { name: 'euler' },
      nfe: 4,
    });
    expect(() => samplingPlan(model({}), { steps: 1 })).toThrow(/at least 2 steps/);
  });

  it('takes equal steps in the time of a rectified flow', () => {
    const flow = model({ preconditioning: { name: 'rectified-flow', config: {} }, sigmaMax: 999 });
    const { sampler, sigmas } = samplingPlan(flow, { steps: 4 });
    expect(sampler.name).toBe('euler');
    const times = sigmas.map((sigma) => 1 / (1 + sigma));
    [0.001, 0.25075, 0.5005, 0.75025, 1].forEach((t, i) => expect(times[i]).toBeCloseTo(t, 12));
    expect(samplingPlan(flow, { steps: 1 })).toMatchObject({ sigmas: [999, 0], nfe: 1 });
  });

  it('samples a jump as the consistency function it holds', () => {
    for (const kind of ['consistency', 'jump'] as const) {
      expect(samplingPlan(model({ kind }))).toMatchObject({ sampler: { name: 'one-step' }, sigmas: [10], nfe: 1 });
      expect(samplingPlan(model({ kind }), { steps: 3 })).toMatchObject({ sampler: { name: 'multistep' }, nfe: 3 });
      expect(() => samplingPlan(model({ kind }), { sampler: 'heun' })).toThrow(/solvers are for denoisers/);
    }
  });

  it('keeps to the levels that weights were trained at, and says why', () => {
    const once = model({ kind: 'consistency', sampling: { sampler: 'one-step', sigmas: [10] } });
    expect(samplingPlan(once)).toMatchObject({ sampler: { name: 'one-step' }, sigmas: [10], nfe: 1 });
    expect(samplingPlan(once, { steps: 1 }).nfe).toBe(1);
    expect(() => samplingPlan(once, { steps: 2 })).toThrow(/trained at one noise level alone/);
    expect(() => samplingPlan(once, { sigmas: [10, 1] })).toThrow(/--sigmas: .*one noise level/);
    const four = model({ sampling: { sampler: 'euler', sigmas: [10, 5, 2, 1, 0.01] } });
    expect(samplingPlan(four)).toMatchObject({ sampler: { name: 'euler' }, sigmas: [10, 5, 2, 1, 0.01], nfe: 4 });
    expect(() => samplingPlan(four, { steps: 8 })).toThrow(/sampled in 4 steps/);
    expect(() => samplingPlan(four, { sampler: 'heun' })).toThrow(/Euler steps/);
  });

  it('refuses two ways of saying the levels', () => {
    expect(() => samplingPlan(model({}), { steps: 2, sigmas: [1] })).toThrow(/either --steps or --sigmas/);
  });
});
