import { beforeAll, describe, expect, it } from 'vitest';
import { gaussianFlow, gaussianMixture, perImage, type Denoiser } from '@onestep/core';
import { mapParams, tf, toTensor, useBackend, type Tensor1D } from '@onestep/tensor';
import { pdObjective } from '@onestep/training';
import { batchOf, data, exact, known, request } from './distillation-setting';

beforeAll(() => useBackend('cpu'));

describe('pd', () => {
  const objective = pdObjective({ startScales: 8 });
  const draw = (numScales: number) => {
    const stages = pdObjective({ startScales: numScales, endScales: numScales });
    return { ...batchOf(stages), draws: mapParams(stages.draws(request), toTensor) };
  };

  it('cuts a run into stages that halve N, the last two twice as long', () => {
    const at = (step: number, totalSteps = 600) => objective.stage?.({ step, totalSteps, imagesSeen: 0 });
    // Four stages, N = 8, 4, 2, 1, of 1, 1, 2, 2 parts.
    expect([0, 99, 100, 199, 200, 399, 400, 599].map((step) => at(step)?.index)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(at(399)).toEqual({ index: 2, step: 199, totalSteps: 200 });
    expect(at(600)).toEqual({ index: 3, step: 200, totalSteps: 200 });
    expect(objective.curriculum({ step: 450, totalSteps: 600, imagesSeen: 0 })).toEqual({ numScales: 1, stage: 3 });
    const lengths = new Map<number, number>();
    for (let step = 0; step < 47; step += 1) lengths.set(at(step, 47)?.index ?? -1, at(step, 47)?.totalSteps ?? -1);
    expect([...lengths.values()].reduce((sum, length) => sum + length, 0)).toBe(47);
    expect(() => at(0, 5)).toThrow('4 stages need at least 6 steps, got 5');
  });

  it('refuses grids that cannot be halved to the last one', () => {
    expect(() => pdObjective({ startScales: 12 })).toThrow('a power of two, got 12');
    expect(() => pdObjective({ startScales: 2, endScales: 4 })).toThrow(RangeError);
  });

  it('aims at the point from which one Euler step lands where two of the teacher land', () => {
    tf.tidy(() => {
      const batch = draw(8);
      const { start, target } = objective.targets({ student: known({}), teacher: exact }, batch);
      const [sigma, sigmaMid, sigmaNext] = ['sigma', 'sigmaMid', 'sigmaNext'].map(
        (name) => batch.draws[name] as Tensor1D,
      );
      const euler = (x: typeof start, from: Tensor1D, to: Tensor1D, denoised: typeof start) => {
        const ratio = perImage(tf.div(to, from), x);
        return tf.add(tf.mul(ratio, x), tf.mul(tf.sub(1, ratio), denoised));
      };
      const middle = euler(start, sigma, sigmaMid, exact(start, sigma));
      const twice = euler(middle, sigmaMid, sigmaNext, exact(middle, sigmaMid)).dataSync();
      const once = euler(start, sigma, sigmaNext, target).dataSync();
      once.forEach((value, i) => expect(Math.abs(value - twice[i])).toBeLessThan(1e-5 * (1 + Math.abs(twice[i]))));
    });
  });

  it('approaches the exact flow of Gaussian data with an error of order h^2 per interval', () => {
    const flow = gaussianFlow(data);
    const reachError = (halfWidth: number) =>
      tf.tidy(() => {
        const levels = { sigma: 1 + halfWidth, sigmaMid: 1, sigmaNext: 1 - halfWidth };
        const batch = draw(8);
        const draws = { ...batch.draws, ...mapParams(levels, (level) => tf.fill([4], level)) };
        const { start, target } = objective.targets({ student: known({}), teacher: exact }, { ...batch, draws });
        const ratio = levels.sigmaNext / levels.sigma;
        const reached = tf.add(tf.mul(start, ratio), tf.mul(target, 1 - ratio)).dataSync();
        const right = flow(Float64Array.from(start.dataSync()), levels.sigma, levels.sigmaNext);
        return Math.max(...right.map((value, i) => Math.abs(value - reached[i])));
      });
    const order = Math.log2(reachError(0.2) / reachError(0.1));
    expect(order).toBeGreaterThan(1.8);
    expect(order).toBeLessThan(2.4);
  });

  it('aims at the point itself where the data are one point', () => {
    tf.tidy(() => {
      const point = gaussianMixture({ weights: [1], means: [data.mean], stds: [0] }).denoiser;
      const { target } = objective.targets({ student: known({}), teacher: point }, draw(4096));
      target.dataSync().forEach((value, i) => expect(value).toBeCloseTo(data.mean[i % 2], 6));
    });
  });

  it('shows the teacher no dropout', () => {
    const seen: unknown[] = [];
    tf.tidy(() => {
      const teacher: Denoiser = (x, _, condition) => {
        seen.push(condition?.dropout);
        return x;
      };
      objective.targets({ student: known({}), teacher }, { ...draw(8), condition: { dropout: { a: tf.ones([1]) } } });
    });
    expect(seen).toEqual([undefined, undefined]);
  });
});
