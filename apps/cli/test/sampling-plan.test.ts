import { samplers, type Sampler } from '@onestep/sampling';
import type { ModelDescription } from '@onestep/training';
import { describe, expect, it } from 'vitest';
import { checkPlan, samplingPlan } from '../src/compose/sampling-plan';
import { samplerOptionKinds } from '../src/compose/sampler-options';

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

describe('samplers by name', () => {
  const kinds = { denoiser: 'denoiser', consistency: 'consistency', jump: 'jump' } as const;

  it.each(Object.values<Sampler>(samplers).map((sampler) => [sampler.name, sampler] as const))(
    'plans levels that %s takes',
    async (name, { accepts, levels }) => {
      const steps = levels === 'ends' && name !== 'dpm-solver-fast' ? undefined : name === 'one-step' ? 1 : 4;
      await checkPlan(samplingPlan(model({ kind: kinds[accepts] }), { sampler: name, steps }));
      if (accepts === 'denoiser') {
        const flow = model({ preconditioning: { name: 'rectified-flow', config: {} }, sigmaMax: 999 });
        await checkPlan(samplingPlan(flow, { sampler: name, steps: 4 }));
      }
    },
  );

  it('refuses those of another kind with a reason, and lists those that fit', () => {
    expect(() => samplingPlan(model({}), { sampler: 'multistep' })).toThrow(
      /multistep evaluates a consistency function, this model is a denoiser\. Samplers for it: .*heun/,
    );
    expect(() => samplingPlan(model({ kind: 'consistency' }), { sampler: 'ctm' })).toThrow(
      /ctm evaluates a jump function, this model is a consistency function\. Samplers for it: .*one-step/,
    );
    expect(() => samplingPlan(model({}), { sampler: 'huen' })).toThrow(/no sampler is named "huen"/);
    expect(samplingPlan(model({ kind: 'jump' }), { sampler: 'ctm', steps: 2 })).toMatchObject({
      samplerOptions: { sigmaMin: 0.01 },
      nfe: 2,
    });
  });

  it('reads options by their kind, and leaves ranges to the sampler', async () => {
    const heun = samplingPlan(model({}), { samplerOption: ['sChurn=40', 'sNoise=1.003'] });
    expect(heun.samplerOptions).toEqual({ sChurn: 40, sNoise: 1.003 });
    const unipc = { sampler: 'unipc', samplerOption: ['order=2', 'lowerOrderFinal=false', 'predict=noise'] };
    expect(samplingPlan(model({}), unipc).samplerOptions).toEqual({
      order: 2,
      lowerOrderFinal: false,
      predict: 'noise',
    });
    for (const [pair, message] of [
      ['sChurn', /expected key=value/],
      ['churn=1', /heun has no option "churn", known are sChurn \(number\)/],
      ['sChurn=much', /sChurn of heun takes number, got "much"/],
    ] as const) {
      expect(() => samplingPlan(model({}), { samplerOption: [pair] })).toThrow(message);
    }
    expect(() => samplingPlan(model({}), { samplerOption: ['sMin=1', 'sMin=2'] })).toThrow(/sMin is given twice/);
    await expect(checkPlan(samplingPlan(model({}), { samplerOption: ['sChurn=-1'] }))).rejects.toThrow(/must be >= 0/);
    await expect(checkPlan(samplingPlan(model({}), { sigmas: [1, 2] }))).rejects.toThrow(/strictly decreasing/);
  });

  it('knows options of registered samplers alone', () => {
    expect(samplerOptionKinds('dpmpp-2m')).toEqual({});
    expect(Object.keys(samplerOptionKinds('scm'))).toEqual(['sigmaData']);
  });
});
