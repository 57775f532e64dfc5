import { float64Space, gaussianMixture } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { countCalls, dpmSolverAdaptive, type AdaptiveInfo } from '../../src';
import { exactFlow } from '../exact-flow';
import { fakeNoise, pointMass } from '../point-mass';

const space = float64Space;
const start = Float64Array.of(60, -90, 12, 33);
const ends = [80, 0.002];
const { denoise } = gaussianMixture({
  weights: [0.6, 0.4],
  means: [
    [0.5, 0.5],
    [-0.6, 0.2],
  ],
  stds: [0.2, 0.3],
});

/** What a run did, by the last report. */
async function infoOf(own: object, sigmas: readonly number[] = ends) {
  const reports: AdaptiveInfo[] = [];
  const { call, calls } = countCalls(denoise);
  const result = await dpmSolverAdaptive.sample(call, start, {
    space,
    sigmas,
    ...own,
    onInfo: (info: AdaptiveInfo) => void reports.push(info),
  });
  const info = reports.at(-1);
  if (info === undefined) throw new Error('no report');
  return { result, info, calls: calls(), reports: reports.length };
}

describe('dpmSolverAdaptive', () => {
  it.each([2, 3] as const)('comes closer to the exact solution as the tolerances fall, order %i', async (order) => {
    const exact = exactFlow(denoise, start, { sigmaMax: 80, sigmaMin: 0.002 });
    const errors: number[] = [];
    let before = 0;
    for (const tolerance of [1e-1, 1e-3, 1e-5]) {
      const own = { order, relativeTolerance: tolerance, absoluteTolerance: tolerance / 6 };
      const { result, info } = await infoOf(own);
      errors.push(Math.max(...exact.map((truth, i) => Math.abs(result[i] - truth))));
      expect(info.accepted).toBeGreaterThan(before);
      before = info.accepted;
    }
    expect(errors[1]).toBeLessThan(errors[0] / 10);
    expect(errors[2]).toBeLessThan(errors[1] / 10);
    expect(errors[2]).toBeLessThan(1e-4);
  });

  it.each([2, 3] as const)('reports its calls: a step tried again keeps its first one, order %i', async (order) => {
    const { info, calls, reports } = await infoOf({ order });
    expect(info.nfe).toBe(calls);
    expect(info.rejected).toBeGreaterThan(0);
    expect(info.nfe).toBe(order * info.accepted + (order - 1) * info.rejected);
    expect(reports).toBe(info.accepted);
  });

  it('ends with one more call where sigmas ends with 0', async () => {
    const { info } = await infoOf({});
    const denoised = await infoOf({}, [...ends, 0]);
    expect(denoised.info).toEqual({ ...info, nfe: info.nfe + 1 });
  });

  it('couples the images of a batch, as it says', async () => {
    expect(dpmSolverAdaptive.couplesBatch).toBe(true);
    const options = { space, sigmas: ends };
    const both = await dpmSolverAdaptive.sample(denoise, start, options);
    const alone = await dpmSolverAdaptive.sample(denoise, start.slice(0, 2), options);
    expect(both[0]).not.toBe(alone[0]);
    expect(Math.abs(both[0] - alone[0])).toBeLessThan(0.2);
  });

  it('takes one draw per accepted step with eta, none in the last', async () => {
    const taken: number[] = [];
    const noise = (k: number): Float64Array => {
      taken.push(k);
      return fakeNoise(4)(k);
    };
    const { info } = await infoOf({ eta: 0.5, noise });
    // The last steps reach down to the last level themselves.
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.length).toBeLessThan(info.accepted);
    expect(taken).toEqual(taken.map((_, k) => k));
  });

  it('gives up after maxNfe calls, and on a model that is not finite', async () => {
    await expect(infoOf({ maxNfe: 20, relativeTolerance: 1e-9, absoluteTolerance: 1e-9 })).rejects.toMatchObject({
      code: 'unstable',
      message: 'dpmSolverAdaptive: no end after 20 calls. Raise a tolerance or maxNfe.',
    });
    const broken = pointMass([Number.NaN]);
    await expect(dpmSolverAdaptive.sample(broken, Float64Array.of(80), { space, sigmas: ends })).rejects.toMatchObject({
      code: 'non-finite',
    });
  });

  it.each([
    [{ order: 4 }, 'order must be an integer in [2, 3], got 4.'],
    [{ relativeTolerance: -1 }, 'relativeTolerance must be >= 0, got -1.'],
    [{ absoluteTolerance: 0 }, 'absoluteTolerance must lie in (0, Infinity), got 0.'],
    [{ initialStep: 0 }, 'initialStep must lie in (0, Infinity), got 0.'],
    [{ pid: [0, -1, 0] }, 'pid[1] must be >= 0, got -1.'],
    [{ acceptSafety: 1 }, 'acceptSafety must lie in (0, 1), got 1.'],
    [{ eta: Number.NaN }, 'eta must be >= 0, got NaN.'],
  ])('refuses %j', async (own, message) => {
    await expect(infoOf(own)).rejects.toThrow(`dpmSolverAdaptive: ${message}`);
  });
});
