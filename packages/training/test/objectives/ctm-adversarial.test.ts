import { beforeAll, describe, expect, it } from 'vitest';
import { ctmPreconditioning } from '@onestep/core';
import { mapParams, randomStream, tf, toTensor, useBackend, type Params } from '@onestep/tensor';
import { ctmObjective, modelOf, type Adversary } from '@onestep/training';
import { perImageGradients } from '../../src/internal/per-image-gradients';
import { batchOf, exact, freshParams, jumpingNetwork } from './distillation-setting';
import { expectGradients } from './gradients';

beforeAll(() => useBackend('cpu'));

const range = { numScales: 6, maxSolverSteps: 2, sigmaMin: 0.05, sigmaMax: 5 };
const adversarial = { startStep: 0, channels: 3 };
const objective = ctmObjective({ ...range, adversarial });
const adversary = objective.adversary as Adversary;
const model = modelOf(jumpingNetwork, ctmPreconditioning(range));

function setting(teaches: number) {
  const student = freshParams(jumpingNetwork);
  const rival: Params = mapParams(
    adversary.init([2], (name) => randomStream(8, name)),
    toTensor,
  );
  const batch = batchOf(objective);
  const others = {
    target: model(freshParams(jumpingNetwork, 4)),
    teacher: exact,
    adversary: { params: rival, teaches: tf.scalar(teaches) },
  };
  const targets: Record<string, ReturnType<typeof tf.scalar>> = {
    ...(objective.targets({ student: model(student), ...others }, batch) as object),
  };
  return { student, rival, batch, others, targets };
}

describe('the adversarial term of ctm', () => {
  it('has the gradient that central differences say, with all weights fixed', () => {
    tf.tidy(() => {
      const { student, batch, others, targets } = setting(1);
      expect(targets.rivalFactor.dataSync()[0]).toBeGreaterThan(0);
      const only = { ...targets, factor: tf.scalar(0) };
      expectGradients((own) => objective.loss(model(own), batch, only, others), student, 4);
    });
  });

  it('is -D of what the student lands on, and D learns by the hinge, whose gradient is right too', () => {
    tf.tidy(() => {
      const { student, rival, batch, others, targets } = setting(1);
      const loss = (factor: number) =>
        objective.loss(model(student), batch, { ...targets, rivalFactor: tf.scalar(factor) }, others);
      const scores = tf.sub(loss(0), loss(1)).dataSync();
      const hinge = adversary.loss(rival, batch, targets);
      // On data equal to the fake ones, max(0, 1 - D) + max(0, 1 + D).
      const same = adversary.loss(rival, { ...batch, images: targets.fake }, targets).dataSync();
      scores.forEach((d, i) => expect(same[i]).toBeCloseTo(Math.max(0, 1 - d) + Math.max(0, 1 + d), 4));
      expect(hinge.shape).toEqual([4]);
      expectGradients((own) => adversary.loss(own, batch, targets), rival, 4);
    });
  });

  it('is balanced against the first term at the output weight, within its bounds', () => {
    tf.tidy(() => {
      const { student, batch, others, targets } = setting(1);
      const gradWith = (rivalFactor: number) => {
        const given = { ...targets, factor: tf.scalar(0), rivalFactor: tf.scalar(rivalFactor) };
        return perImageGradients((own) => objective.loss(model(own), batch, given, others), student, 4).grads.w2;
      };
      const norm = (tensor: ReturnType<typeof gradWith>) => tf.norm(tensor).dataSync()[0];
      const first = gradWith(0);
      const ratio = norm(first) / (norm(tf.sub(gradWith(1), first)) + 1e-4);
      expect(targets.rivalFactor.dataSync()[0]).toBeCloseTo(Math.min(10, Math.max(0.01, ratio)), 3);
      for (const [weightMin, weightMax, expected] of [
        [ratio * 2, ratio * 3, ratio * 2],
        [ratio / 3, ratio / 2, ratio / 2],
      ]) {
        const bounded = ctmObjective({ ...range, adversarial: { ...adversarial, weightMin, weightMax } });
        const { rivalFactor } = bounded.targets({ student: model(student), ...others }, batch);
        expect(rivalFactor.dataSync()[0]).toBeCloseTo(expected, 4);
      }
    });
  });

  it('vanishes where the adversary does not teach', () => {
    tf.tidy(() => {
      const { student, batch, others, targets } = setting(0);
      const plain = ctmObjective(range);
      const without = plain.targets({ student: model(student), ...others }, batch);
      expect(objective.loss(model(student), batch, targets, others).dataSync()).toEqual(
        plain.loss(model(student), batch, without, others).dataSync(),
      );
    });
  });

  it('checks its options, and asks for an output weight even with a fixed weight of the denoising term', () => {
    expect(ctmObjective(range).adversary).toBeUndefined();
    const wrong: [object, string][] = [
      [{ startStep: -1 }, 'startStep must be an integer >= 0, got -1'],
      [{ startStep: 0, weightMin: 2, weightMax: 1 }, 'weightMin <= weightMax, got 2 and 1'],
      [{ startStep: 0, channels: 0 }, 'channels must be an integer >= 1, got 0'],
      [{ startStep: 0, learningRate: 0 }, 'learningRate must be > 0, got 0'],
    ];
    for (const [options, message] of wrong) {
      expect(() => ctmObjective({ adversarial: options as typeof adversarial })).toThrow(message);
    }
    tf.tidy(() => {
      const { student, batch, others } = setting(1);
      const nameless = modelOf({ ...jumpingNetwork, outputWeight: undefined }, ctmPreconditioning(range))(student);
      const fixed = ctmObjective({ ...range, dsmWeight: 1, adversarial });
      expect(() => fixed.targets({ student: nameless, ...others }, batch)).toThrow('leave out the adversarial term');
    });
  });
});
