import { appendZero, float64Space, karrasSigmas, vpLawThrough } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { goldenFolder, readGoldenJson } from '../../../../tools/workspace/golden';
import { deis, euler, ipndm, lms, type Sampler } from '../../src';
import { lagrangeIntegrals } from '../../src/internal/lagrange';

const space = float64Space;
const model = (x: Float64Array, sigma: number): Float64Array => x.map((value) => Math.tanh(value) / (1 + sigma));
const x = Float64Array.of(40, -70, 5);
const sigmas = appendZero(karrasSigmas(9));

function close(actual: Float64Array, expected: Float64Array, digits = 11): void {
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], digits));
}

describe('linear multistep samplers', () => {
  it.each([
    ['lms', lms],
    ['ipndm', ipndm],
    ['deis', deis],
  ] as [string, Sampler<{ order: number }>][])('%s of order 1 is Euler', async (_, sampler) => {
    close(await sampler.sample(model, x, { space, sigmas, order: 1 }), await euler.sample(model, x, { space, sigmas }));
  });

  it('rhoab-DEIS is LMS', async () => {
    for (const order of [2, 3, 4]) {
      const expected = await lms.sample(model, x, { space, sigmas, order });
      close(await deis.sample(model, x, { space, sigmas, order, variant: 'rhoab' }), expected);
    }
  });

  it('iPNDM is LMS where the steps are equal', async () => {
    const equal = Array.from({ length: 9 }, (_, i) => 80 - 10 * i);
    const expected = await lms.sample(model, x, { space, sigmas: equal, order: 4 });
    close(await ipndm.sample(model, x, { space, sigmas: equal }), expected);
  });

  it('DEIS takes weights from elsewhere, an empty row being Euler', async () => {
    const short = [80, 10, 1];
    const coefficients = [[], lagrangeIntegrals([10, 80], 10, 1)];
    const expected = await lms.sample(model, x, { space, sigmas: short, order: 2 });
    close(await deis.sample(model, x, { space, sigmas: short, order: 2, coefficients }), expected);
  });

  it('DEIS takes another clock', async () => {
    const expected = await deis.sample(model, x, { space, sigmas, variant: 'rhoab' });
    close(await deis.sample(model, x, { space, sigmas, timeOf: (sigma) => 3 * sigma + 1 }), expected, 9);
  });

  it.each([
    [{ order: 0 }, 'deis: order must be an integer in [1, 4], got 0.'],
    [{ order: 2.5 }, 'deis: order must be an integer in [1, 4], got 2.5.'],
    [{ variant: 'rho' as 'tab' }, 'deis: variant must be one of tab, rhoab, got "rho".'],
    [{ coefficients: [[1]] }, 'deis: coefficients must hold one row for each of 9 steps, got 1.'],
    [
      { coefficients: Array.from({ length: 9 }, () => [1, 2]) },
      'deis: coefficients[0] must hold at most 1 finite numbers, got [1, 2].',
    ],
  ])('DEIS refuses %j', async (own, message) => {
    await expect(deis.sample(model, x, { space, sigmas, ...own })).rejects.toThrow(message);
  });

  it('LMS and iPNDM refuse orders they do not have', async () => {
    await expect(lms.sample(model, x, { space, sigmas, order: 9 })).rejects.toThrow('integer in [1, 8], got 9');
    await expect(ipndm.sample(model, x, { space, sigmas, order: 5 })).rejects.toThrow('integer in [1, 4], got 5');
  });
});

interface DeisCase {
  readonly name: string;
  readonly coefficients: readonly (readonly number[])[];
  readonly t_steps: { readonly data: readonly number[] };
}

describe.runIf(goldenFolder() !== undefined)('weights of tab-DEIS', () => {
  it('are those of the reference, up to the 10,000 cells it sums', () => {
    const { cases } = readGoldenJson<{ readonly cases: readonly DeisCase[] }>('samplers/gmm2d.json');
    const { betaD, betaMin } = vpLawThrough(0.002, 80);
    const time = (sigma: number): number =>
      (Math.sqrt(betaMin ** 2 + 2 * betaD * Math.log1p(sigma * sigma)) - betaMin) / betaD;
    for (const { coefficients, t_steps } of cases.filter(({ name }) => name === 'deis_tab')) {
      coefficients.forEach((row, i) => {
        const nodes = t_steps.data.slice(i + 1 - row.length, i + 1).reverse();
        const weights = lagrangeIntegrals(nodes, t_steps.data[i], t_steps.data[i + 1], time);
        const scale = Math.abs(t_steps.data[i + 1] - t_steps.data[i]);
        row.forEach((reference, j) => expect(Math.abs(weights[j] - reference) / scale).toBeLessThan(2e-3));
      });
    }
  });
});
