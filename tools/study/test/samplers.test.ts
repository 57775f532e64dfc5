import { samplers } from '@onestep/sampling';
import { describe, expect, it } from 'vitest';
import { runCli } from '../src/cli';
import { mixtureProblem } from '../src/mixtures/problem';
import { unitNoise } from '../src/rows/generate';
import { measure } from '../src/samplers/measure';
import { extrapolatedEnds, mixtureSamplers } from '../src/samplers/mixture-samplers';
import { isAdaptive, planFor } from '../src/samplers/plan';
import { mixtureSamplerTables } from '../src/samplers/report';
import { samplerSetups } from '../src/samplers/setups';

const budgets = [4, 6, 8, 10, 15, 20, 40, 80];
const range = { sigmaMin: 0.01, sigmaMax: 20 };
const setups = samplerSetups();

describe('setups', () => {
  it('hold every registered sampler of denoisers, under names of their own', () => {
    const expected = Object.values(samplers).filter(({ accepts }) => accepts === 'denoiser');
    expect(new Set(setups.map(({ sampler }) => sampler))).toEqual(new Set(expected));
    expect(new Set(setups.map(({ name }) => name)).size).toBe(setups.length);
  });

  it('refuse a sampler of another kind of model', () => {
    expect(() => samplerSetups(['multistep'])).toThrow(/"multistep" evaluates a consistency model/);
  });
});

describe.each(setups.map((setup) => [setup.name, setup] as const))('plan of %s', (_, setup) => {
  it.each(['zero', 'sigmaMin'] as const)('spends every budget as far as it can, down to %s', (end) => {
    for (const budget of budgets) {
      const plan = planFor(setup, budget, { range, end });
      if (isAdaptive(setup)) {
        expect(plan).toBeUndefined();
        continue;
      }
      expect(plan?.nfe).toBeGreaterThan(0);
      expect(plan?.nfe).toBeLessThanOrEqual(budget);
      // No sampler takes more than three calls a step.
      expect(plan?.nfe).toBeGreaterThan(budget - 3);
      expect(plan?.sigmas[0]).toBe(range.sigmaMax);
      const reachesZero = end === 'zero' && setup.sampler.finalZero === 'expected';
      expect(plan?.sigmas.at(-1)).toBe(reachesZero ? 0 : range.sigmaMin);
    }
  });
});

describe('measure', () => {
  it('keeps what went wrong instead of hiding it', async () => {
    const [euler] = samplerSetups(['euler']);
    const levels = { range, end: 'zero' } as const;
    const broken = await measure(euler, [4], levels, () => Promise.reject(new RangeError('euler: out of order.')));
    expect(broken.byBudget[4]).toEqual({ nfe: 4, scores: {}, failure: 'euler: out of order.' });
    const wrong = await measure(euler, [4], levels, () => Promise.resolve({ scores: { rmse: 1 }, nfe: 5 }));
    expect(wrong.byBudget[4].failure).toBe('made 5 network calls, but its nfe() says 4');
    const text = mixtureSamplerTables({ deterministic: [broken], noisy: [], floor: { data: 0, exactEnds: 0 } }, [4]);
    expect(text).toContain('| failed |');
    expect(text).toContain('- euler, NFE 4: euler: out of order.');
  });
});

describe('the table of a mixture', () => {
  it('shows what is known of solvers', async () => {
    const { deterministic, noisy } = await mixtureSamplers({
      problem: '2d',
      budgets: [10, 40],
      samplers: ['euler', 'progressive-distillation', 'heun', 'dpmpp-2m', 'dpm-solver-adaptive', 'euler-ancestral'],
      points: 200,
      seed: 1,
    });
    const line = (name: string) => deterministic.find(({ setup }) => setup.name === name);
    const error = (name: string, nfe: number): number => line(name)?.byBudget[nfe].scores.median ?? Number.NaN;
    expect(error('heun', 40)).toBeLessThan(error('euler', 40) / 2);
    expect(error('dpmpp-2m', 10)).toBeLessThan(error('euler', 10));
    for (const name of ['euler', 'heun', 'dpmpp-2m']) expect(error(name, 40)).toBeLessThan(error(name, 10));
    // Down to sigmaMin the two are one method.
    expect(error('progressive-distillation', 10)).toBe(error('euler', 10));
    const own = line('dpm-solver-adaptive, order 3, defaults')?.own;
    expect(own?.nfe).toBeGreaterThan(10);
    expect(own?.scores.median).toBeLessThan(error('euler', 40));
    expect(noisy.map(({ setup }) => setup.name)).toEqual(['euler', 'dpmpp-2m', 'heun, churn 10', 'euler-ancestral']);
    // Of so few points the distance is rough: what is told apart is a sampler that does not sample.
    for (const { byBudget } of noisy) expect(byBudget[40].scores.slicedWasserstein).toBeLessThan(0.2);
  });

  it('is held against ends that are exact beyond what any solver reaches', () => {
    const problem = mixtureProblem('2d');
    const noise = unitNoise(1, 50, [2]);
    const coarse = extrapolatedEnds(problem, noise, 100);
    const fine = extrapolatedEnds(problem, noise, 200);
    const apart = Math.max(...Array.from(fine.data, (value, i) => Math.abs(value - coarse.data[i])));
    expect(apart).toBeLessThan(1e-4);
  });

  it('is printed with the calls that were made where a budget cannot be spent', async () => {
    let out = '';
    const code = await runCli(
      ['samplers', '--problem', '2d', '--samplers', 'dpm-solver-3,euler', '--nfe', '10,4,10', '--points', '50'],
      { out: (text) => void (out += text), err: (text) => void (out += text) },
    );
    expect(code).toBe(0);
    expect(out).toMatch(/\| sampler +\| order \| NFE 4 +\| NFE 10 +\| falls as \|/);
    expect(out).toMatch(/\| dpm-solver-3 \| 3 +\| \S+ \(3\)\S* +\| \S+ \(9\)\S* +\|/);
  });
});
