import { beforeAll, describe, expect, it } from 'vitest';
import { ctmPreconditioning, perImage, type JumpFunction } from '@onestep/core';
import { tf, useBackend, type Tensor1D } from '@onestep/tensor';
import { ctmObjective, modelOf } from '@onestep/training';
import { perImageGradients } from '../../src/internal/per-image-gradients';
import { batchOf, data, exact, freshParams, jumpingNetwork, known, request } from './distillation-setting';

beforeAll(() => useBackend('cpu'));

describe('ctm', () => {
  const options = { numScales: 6, maxSolverSteps: 3, sigmaMin: 0.05, sigmaMax: 5 };
  const exactJump: JumpFunction = (x, sigma, s) =>
    tf.tidy(() => {
      const variance = (level: Tensor1D) => tf.add(tf.square(level), data.std ** 2);
      const factor = perImage(tf.sqrt(tf.div(variance(s), variance(sigma))) as Tensor1D, x);
      const mean = tf.tensor1d(data.mean);
      return tf.add(mean, tf.mul(tf.sub(x, mean), factor));
    });

  it('draws intervals of the grid with levels repeated at the end, and s between u and sigmaMin', () => {
    const { levels, sigma, sigmaNext, s } = ctmObjective(options).draws({ ...request, batchSize: 2000 });
    expect(levels.shape).toEqual([2000, 4]);
    const counts = [0, 0, 0, 0];
    for (let b = 0; b < 2000; b += 1) {
      const row = [...levels.data.slice(4 * b, 4 * b + 4)];
      const steps = new Set(row).size - 1;
      counts[steps] += 1;
      expect(row[0]).toBe(sigma.data[b]);
      expect(row[steps]).toBe(sigmaNext.data[b]);
      expect(row[3]).toBe(sigmaNext.data[b]);
      expect(s.data[b]).toBeLessThanOrEqual(sigmaNext.data[b]);
    }
    expect(counts[0]).toBe(0);
    // Probability m / 6; five standard deviations of a share of 2,000 draws.
    [1, 2, 3].forEach((m) => expect(Math.abs(counts[m] / 2000 - m / 6)).toBeLessThan(5 * Math.sqrt(0.25 / 2000)));
    expect(Math.min(...s.data)).toBe(Math.fround(0.05));
  });

  it('draws the levels of the denoising term from two laws, half each', () => {
    const { dsmSigma } = ctmObjective({ ...options, dsmPMean: -20, dsmPStd: 0.1 }).draws({
      ...request,
      batchSize: 1000,
    });
    const small = dsmSigma.data.filter((level) => level < 1e-6).length;
    expect(Math.abs(small / 1000 - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 1000));
    const least = (5 ** (1 / 7) + 0.7 * (0.05 ** (1 / 7) - 5 ** (1 / 7))) ** 7;
    const others = [...dsmSigma.data].filter((level) => level >= 1e-6);
    expect(Math.min(...others)).toBeGreaterThanOrEqual(least * (1 - 1e-6));
    expect(Math.max(...others)).toBeLessThanOrEqual(5);
  });

  it('vanishes for the exact jump, up to the error of the solver', () => {
    const lossWith = (numScales: number) =>
      tf.tidy(() => {
        const objective = ctmObjective({ ...options, numScales, dsmWeight: 0 });
        const batch = batchOf(objective);
        const model = known({ jump: exactJump, denoise: exact });
        const others = { target: model, teacher: exact };
        const targets = objective.targets({ student: model, ...others }, batch);
        return Math.max(...objective.loss(model, batch, targets, others).dataSync());
      });
    expect(lossWith(200)).toBeLessThan(1e-7);
    expect(lossWith(20)).toBeLessThan(1e-3);
  });

  it('compares at sigmaMin: an error of the student counts as far as the target carries it there', () => {
    tf.tidy(() => {
      const objective = ctmObjective({ ...options, dsmWeight: 0 });
      const batch = batchOf(objective);
      const target = known({ jump: (x) => tf.mul(x, 3) });
      const student = known({ jump: (x) => tf.add(x, 1) });
      const others = { target, teacher: exact };
      const goal = { start: batch.images, target: tf.mul(batch.images, 3), factor: tf.scalar(0) };
      const denoising = { ...student, denoise: exact };
      const losses = objective.loss(denoising, batch, goal, others).dataSync();
      losses.forEach((loss) => expect(loss).toBeCloseTo(9, 4));
    });
  });

  it('balances the two terms at the output weight: their gradients there have equal norms', () => {
    tf.tidy(() => {
      const objective = ctmObjective(options);
      const model = modelOf(jumpingNetwork, ctmPreconditioning(options));
      const params = freshParams(jumpingNetwork);
      const batch = batchOf(objective);
      const others = { target: model(freshParams(jumpingNetwork, 4)), teacher: exact };
      const targets = objective.targets({ student: model(params), ...others }, batch);
      const normWith = (factor: number) => {
        const given = { ...targets, factor: tf.scalar(factor) };
        return perImageGradients((p) => objective.loss(model(p), batch, given, others), params, 4).grads.w2;
      };
      const first = normWith(0);
      const norm = (tensor: typeof first) => tf.norm(tensor).dataSync()[0];
      const second = norm(tf.sub(normWith(1), first));
      expect(targets.factor.dataSync()[0]).toBeCloseTo(norm(first) / (second + 1e-4), 3);
    });
  });

  it('asks for a number where the network names no output weight', () => {
    tf.tidy(() => {
      const objective = ctmObjective(options);
      const network = { ...jumpingNetwork, outputWeight: undefined };
      const student = modelOf(network, ctmPreconditioning(options))(freshParams(jumpingNetwork));
      const models = { student, target: student, teacher: exact };
      expect(() => objective.targets(models, batchOf(objective))).toThrow('Set dsmWeight to a number');
    });
  });

  it('needs a second time and a slow target only with a decay, and checks its options', () => {
    expect(ctmObjective().needs).toEqual({ teacher: 'frozen', target: 'ema', secondTime: true });
    expect(ctmObjective({ targetEma: 0 }).needs.target).toBe('stop-gradient');
    expect(() => ctmObjective({ numScales: 4, maxSolverSteps: 4 })).toThrow('1 .. numScales - 1 = 3, got 4');
    expect(() => ctmObjective({ dsmWeight: -1 })).toThrow(RangeError);
  });
});
