import { beforeAll, describe, expect, it } from 'vitest';
import {
  consistencyPreconditioning,
  ectRatio,
  edmPreconditioning,
  ictHuberConstant,
  karrasSigmas,
  lognormalIntervals,
  type Preconditioning,
} from '@onestep/core';
import { randomStream, tf, useBackend, type Tensor1D } from '@onestep/tensor';
import { ectObjective, ictObjective, modelOf, type Objective } from '@onestep/training';
import { tinyNetwork } from '../tiny-network';
import { perImageGradients } from '../../src/internal/per-image-gradients';
import { exactNetwork, tangentLine } from './exact-gaussian';
import { expectGradients } from './gradients';

beforeAll(() => useBackend('cpu'));

const range = { sigmaMin: 0.002, sigmaMax: 80, rho: 7 };
const request = { seed: 3, batchSize: 2000, shape: [2], step: 0, totalSteps: 80, imagesSeen: 0 };
const fromLog = (c: Tensor1D) => tf.exp<Tensor1D>(tf.mul<Tensor1D>(c, 4));

/** Gradient of the loss with respect to a spoiling parameter at 0, on pairs (sigma, sigmaNext) of exact trajectories. */
function slopeAt(
  objective: Objective,
  preconditioning: Preconditioning,
  sigmas: number[],
  sigmaNexts: number[],
): number {
  return tf.tidy(() => {
    const model = modelOf(exactNetwork(preconditioning, fromLog), preconditioning);
    const params = { shift: tf.scalar(0) };
    const sigma = tf.tensor1d(sigmas);
    const count = sigmas.length;
    const x = tf.tensor2d(
      Float32Array.from({ length: 2 * count }, (_, i) => 2 + (i % 3)),
      [count, 2],
    );
    const { images, noise } = tangentLine(x, sigma);
    const draws = {
      noise,
      sigma,
      sigmaNext: tf.tensor1d(sigmaNexts),
      weight: tf.tensor1d(sigmas.map((level, i) => 1 / (level - sigmaNexts[i]))),
      useClean: tf.zeros([count]),
    };
    const batch = { images, draws, condition: {} };
    const others = { target: model(params) };
    const targets = objective.targets({ student: model(params), ...others }, batch);
    const { grads } = perImageGradients((own) => objective.loss(model(own), batch, targets, others), params, count);
    return Math.abs(grads.shift.dataSync()[0]);
  });
}

describe('ict', () => {
  it('leaves the exact consistency function alone in the limit of a fine grid: the gradient falls as the step', () => {
    // One interval around sigma = 1 to 2 for each grid; with N - 1 doubled its width halves.
    const slopes = [40, 80, 160].map((intervals) => {
      const grid = karrasSigmas(intervals + 1, range);
      const i = grid.findIndex((level) => level < 1.5);
      return slopeAt(ictObjective({ huberC: 10 }), consistencyPreconditioning(), [grid[i]], [grid[i + 1]]);
    });
    expect(slopes[1] / slopes[0]).toBeLessThan(0.62);
    expect(slopes[2] / slopes[1]).toBeLessThan(0.62);
    expect(slopes[2]).toBeGreaterThan(0);
  });

  it('draws neighbours of the current grid, as often as the lognormal law has them, with the inverse gap as weight', () => {
    const { sigma, sigmaNext, weight } = ictObjective().draws({ ...request });
    const grid = karrasSigmas(11, range).reverse();
    const counts = new Array<number>(10).fill(0);
    [...sigma.data].forEach((level, k) => {
      const i = grid.findIndex((value) => Math.fround(value) === sigmaNext.data[k]);
      expect(level).toBe(Math.fround(grid[i + 1]));
      expect(weight.data[k]).toBe(Math.fround(1 / (grid[i + 1] - grid[i])));
      counts[i] += 1;
    });
    lognormalIntervals(grid).forEach((probability, i) => {
      const deviation = Math.sqrt((probability * (1 - probability)) / request.batchSize);
      expect(Math.abs(counts[i] / request.batchSize - probability)).toBeLessThan(4 * deviation + 1e-3);
    });
  });

  it('doubles its grid at equal distances, and says when a run is too short for that', () => {
    const objective = ictObjective();
    const at = (step: number, totalSteps = 80) => objective.curriculum({ step, totalSteps, imagesSeen: 0 }).numScales;
    expect([0, 9, 10, 79, 80].map((step) => at(step))).toEqual([11, 11, 21, 1281, 1281]);
    expect(() => at(0, 7)).toThrow('totalSteps must be >= 8');
  });

  it('takes c from the size of an image unless told, of the whole image or element by element', () => {
    tf.tidy(() => {
      const model = modelOf({ apply: (_, x) => x }, consistencyPreconditioning())({});
      const images = tf.tensor2d([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], [2, 4]);
      const draws = {
        noise: tf.ones([2, 4]),
        sigma: tf.tensor1d([1, 2]),
        sigmaNext: tf.tensor1d([0.5, 1]),
        weight: tf.tensor1d([2, 1]),
      };
      const batch = { images, draws, condition: {} };
      const lossOf = (options: Parameters<typeof ictObjective>[0]) => {
        const objective = ictObjective(options);
        const targets = objective.targets({ student: model, target: model }, batch);
        return { loss: objective.loss(model, batch, targets, {}).dataSync(), target: targets.target };
      };
      const { loss, target } = lossOf({});
      expect(loss).toEqual(lossOf({ huberC: ictHuberConstant(4) }).loss);
      const estimate = model.denoise(tf.add(images, [[1], [2]]), draws.sigma).dataSync();
      const gaps = target.dataSync().map((value, i) => estimate[i] - value);
      const c = 0.00054 * 2;
      const huber = (squared: number) => Math.sqrt(squared + c * c) - c;
      const first = [...gaps.slice(0, 4)];
      expect(loss[0]).toBeCloseTo(2 * huber(first.reduce((sum, gap) => sum + gap * gap, 0)), 5);
      const mean = first.reduce((sum, gap) => sum + huber(gap * gap), 0) / 4;
      expect(lossOf({ huberReduction: 'element' }).loss[0]).toBeCloseTo(2 * mean, 5);
    });
  });

  it('has the gradient that central differences give with the target held fixed', () => {
    tf.tidy(() => {
      const network = tinyNetwork({ d: 2, hidden: 5 });
      const model = modelOf(network, consistencyPreconditioning());
      const params = network.init((name) => randomStream(1, name));
      const stream = randomStream(2, 'batch');
      const batch = {
        images: tf.tensor2d(stream.normal(8), [4, 2]),
        draws: {
          noise: tf.tensor2d(stream.normal(8), [4, 2]),
          sigma: tf.tensor1d([0.3, 1, 4, 20]),
          sigmaNext: tf.tensor1d([0.1, 0.5, 2, 10]),
          weight: tf.tensor1d([2, 1, 0.5, 0.3]),
        },
        condition: {},
      };
      const objective = ictObjective();
      const targets = objective.targets({ student: model(params), target: model(params) }, batch);
      expectGradients((own) => objective.loss(model(own), batch, targets, {}), params, 4);
    });
  });

  it('refuses options out of range when it is made', () => {
    expect(() => ictObjective({ huberC: -1 })).toThrow('c must be >= 0, got -1');
    expect(() => ictObjective({ pStd: 0 })).toThrow('pStd must be > 0, got 0');
    expect(() => ictObjective({ startScales: 20, endScales: 10 })).toThrow('endScales must be an integer >= 20');
    expect(() => ictObjective({ sigmaMin: 90 })).toThrow(RangeError);
  });
});

describe('ect', () => {
  it('leaves the exact consistency function alone in the limit of late stages', () => {
    const sigma = [1.5, 3, 6];
    const slopes = [4, 5, 6].map((stage) => {
      const next = sigma.map((level) => level * ectRatio(level, { stage }));
      return slopeAt(ectObjective({ c: 10 }), edmPreconditioning(), sigma, next);
    });
    expect(slopes[1] / slopes[0]).toBeLessThan(0.65);
    expect(slopes[2] / slopes[1]).toBeLessThan(0.65);
  });
});
