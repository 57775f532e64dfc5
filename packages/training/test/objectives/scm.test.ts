import { beforeAll, describe, expect, it } from 'vitest';
import {
  consistencyPreconditioning,
  edmPreconditioning,
  trigflowPreconditioning,
  type Condition,
  type Network,
  type Preconditioning,
} from '@onestep/core';
import { countLeaks, randomStream, tf, useBackend, type Tensor1D } from '@onestep/tensor';
import { modelOf, scdObjective, sctObjective, type Objective } from '@onestep/training';
import { tinyNetwork } from '../tiny-network';
import { exactDenoiser, exactNetwork, largest, tangentLine } from './exact-gaussian';
import { expectGradients } from './gradients';

beforeAll(() => useBackend('cpu'));

const sigmaData = 0.5;
const levels = [0.02, 0.1, 0.5, 2, 10, 60];
const points = [0.2, -0.5, 0.6, 0.1, -1, 0.7, 2, -3, 5, 9, -40, 70];

/** Preconditionings a student may have, and sigma from their noise embeddings. */
const students: readonly (readonly [string, Preconditioning, (cNoise: Tensor1D) => Tensor1D])[] = [
  ['trigflow', trigflowPreconditioning({ sigmaData }), (t) => tf.mul<Tensor1D>(tf.tan(t), sigmaData)],
  ['edm', edmPreconditioning({ sigmaData }), (c) => tf.exp<Tensor1D>(tf.mul<Tensor1D>(c, 4))],
  [
    'edm, openai',
    edmPreconditioning({ sigmaData, cNoise: 'openai' }),
    (c) => tf.exp<Tensor1D>(tf.div<Tensor1D>(c, 250)),
  ],
];

/** Six images at six levels, on lines tangent to the exact trajectories. */
function exactBatch(warmup = 1) {
  const sigma = tf.tensor1d(levels);
  const { images, noise } = tangentLine(tf.tensor2d(points, [6, 2]), sigma);
  return { images, draws: { noise, sigma, tangentWarmup: tf.fill([6], warmup) }, condition: {} as Condition };
}

/** A batch of six with arbitrary images and noise. */
function anyBatch(warmup = 1) {
  const stream = randomStream(3, 'batch');
  return {
    images: tf.tensor2d(stream.normal(12), [6, 2]),
    draws: {
      noise: tf.tensor2d(stream.normal(12), [6, 2]),
      sigma: tf.tensor1d(levels),
      tangentWarmup: tf.fill([6], warmup),
    },
    condition: {} as Condition,
  };
}

const tiny = tinyNetwork({ d: 2, hidden: 6 });
const tinyParams = () => tiny.init((name) => randomStream(1, name));
const both: readonly (readonly [string, (options?: Parameters<typeof scdObjective>[0]) => Objective])[] = [
  ['scd', scdObjective],
  ['sct', sctObjective],
];

describe.each(both)('%s', (_, objectiveOf) => {
  it.each(students)('leaves the exact consistency function alone: %s', (_name, preconditioning, sigmaOf) => {
    tf.tidy(() => {
      const model = modelOf(exactNetwork(preconditioning, sigmaOf), preconditioning);
      const objective = objectiveOf({ tangentNormalisation: 'clip' });
      const tangentAt = (shift: number) =>
        objective.targets({ student: model({ shift: tf.scalar(shift) }), teacher: exactDenoiser }, exactBatch())
          .tangent;
      // Rounding of F near t = 0, where (x - f) / sin(t) cancels, is the limit.
      expect(largest(tangentAt(0))).toBeLessThan(2e-4);
      expect(largest(tangentAt(0.3))).toBeGreaterThan(0.05);
    });
  });

  it('is the same training for one function under the coordinates of TrigFlow and of EDM', () => {
    tf.tidy(() => {
      const params = tinyParams();
      const reference = modelOf(tiny, students[0][1])(params);
      const objective = objectiveOf({ adaptiveWeighting: false });
      const batch = anyBatch();
      const wanted = objective.targets({ student: reference, teacher: exactDenoiser }, batch);
      for (const [, preconditioning, sigmaOf] of students.slice(1)) {
        const turned: Pick<Network, 'apply'> = {
          apply: (own, x, { cNoise }) =>
            tf.neg(tiny.apply(own, x, { cNoise: tf.atan(tf.div<Tensor1D>(sigmaOf(cNoise), sigmaData)) })),
        };
        const student = modelOf(turned, preconditioning)(params);
        const got = objective.targets({ student, teacher: exactDenoiser }, batch);
        expect(largest(tf.sub(got.output, wanted.output))).toBeLessThan(1e-4);
        expect(largest(tf.sub(got.tangent, wanted.tangent))).toBeLessThan(1e-4);
        const losses = [student, reference].map((model) => objective.loss(model, batch, wanted, {}));
        expect(largest(tf.sub(losses[0], losses[1]))).toBeLessThan(1e-4);
      }
    });
  });

  it('has the gradient that central differences give with the targets held fixed, the learned weight included', () => {
    tf.tidy(() => {
      const objective = objectiveOf();
      const model = modelOf(tiny, students[0][1]);
      const batch = anyBatch(0.5);
      const auxiliary = { 'logWeight.weight': tf.tensor1d(randomStream(2, 'head').normal(16)) };
      expect(objective.auxiliary).toEqual({ 'logWeight.weight': [16] });
      const targets = objective.targets({ student: model(tinyParams(), auxiliary), teacher: exactDenoiser }, batch);
      expectGradients(
        ({ 'logWeight.weight': weight, ...own }) =>
          objective.loss(model(own, { 'logWeight.weight': tf.mul(weight, 0.1) }), batch, targets, {}),
        { ...tinyParams(), ...auxiliary },
        6,
      );
    });
  });

  it('keeps tangents within the bound of each normalisation', () => {
    tf.tidy(() => {
      const student = modelOf(tiny, students[0][1])(tinyParams());
      const tangentOf = (tangentNormalisation: 'norm' | 'rms' | 'clip') =>
        objectiveOf({ tangentNormalisation, tangentC: 1e-6 }).targets({ student, teacher: exactDenoiser }, anyBatch())
          .tangent;
      const lengths = (how: 'norm' | 'rms') => tf.sqrt(tf.sum(tf.square(tangentOf(how)), 1)).dataSync();
      expect(Math.max(...lengths('norm'))).toBeLessThan(1 + 1e-6);
      expect(Math.min(...lengths('norm'))).toBeGreaterThan(0.999);
      expect(Math.max(...lengths('rms'))).toBeLessThan(Math.SQRT2 + 1e-6);
      expect(largest(tangentOf('clip'))).toBeLessThanOrEqual(1);
    });
  });

  it('frees everything but its targets and its loss', async () => {
    const objective = objectiveOf();
    const params = tinyParams();
    const batch = tf.tidy(() => anyBatch());
    const head = { 'logWeight.weight': tf.zeros([16]) };
    const student = modelOf(tiny, students[0][1])(params, head);
    const { leaked } = await countLeaks(() => {
      tf.tidy(() => {
        const targets = objective.targets({ student, teacher: exactDenoiser }, batch);
        expect(Object.keys(targets).sort()).toEqual(['input', 'output', 'tangent']);
        objective.loss(student, batch, targets, {});
      });
    });
    expect(leaked).toBe(0);
    tf.dispose([params, batch.images, batch.draws, head]);
  });

  it('draws sigma within the range, however wide the law', () => {
    const { sigma } = objectiveOf({ pStd: 20, sigmaMin: 0.01, sigmaMax: 5 }).draws({
      seed: 1,
      batchSize: 200,
      shape: [2],
      step: 0,
      totalSteps: 1,
      imagesSeen: 0,
    });
    expect([Math.min(...sigma.data), Math.max(...sigma.data)]).toEqual([Math.fround(0.01), 5]);
  });

  it('fades the tangent in over the warm-up, in the curriculum and in the draws', () => {
    const objective = objectiveOf({ tangentWarmupSteps: 100 });
    const at = (step: number) => ({ step, totalSteps: 1000, imagesSeen: 0 });
    expect([0, 25, 100, 500].map((step) => objective.curriculum(at(step)).tangentWarmup)).toEqual([0, 0.25, 1, 1]);
    expect(objective.draws({ ...at(25), seed: 0, batchSize: 2, shape: [2] }).tangentWarmup.data).toEqual(
      Float32Array.of(0.25, 0.25),
    );
    expect(objectiveOf({ tangentWarmupSteps: 0 }).curriculum(at(0)).tangentWarmup).toBe(1);
  });

  it('refuses options out of range and students whose function it does not know', () => {
    expect(() => objectiveOf({ tangentC: 0 })).toThrow('tangentC must be > 0, got 0');
    expect(() => objectiveOf({ pStd: -1 })).toThrow('pStd must be > 0, got -1');
    expect(() => objectiveOf({ sigmaMin: 2, sigmaMax: 1 })).toThrow('sigmaMax must be > sigmaMin = 2, got 1');
    expect(() => objectiveOf({ tangentWarmupSteps: 1.5 })).toThrow('tangentWarmupSteps must be an integer >= 0');
    tf.tidy(() => {
      const student = modelOf(tiny, consistencyPreconditioning())(tinyParams());
      expect(() => objectiveOf().targets({ student, teacher: exactDenoiser }, anyBatch())).toThrow(
        'needs a student with preconditioning trigflow or edm, got "consistency"',
      );
    });
  });
});

describe('the learned weight', () => {
  it('starts at one, where the loss is the plain one, and is pulled towards the inverse of the loss', () => {
    tf.tidy(() => {
      const model = modelOf(tiny, students[0][1]);
      const batch = anyBatch();
      const head = { 'logWeight.weight': tf.zeros([16]) };
      const student = model(tinyParams(), head);
      const plain = sctObjective({ adaptiveWeighting: false });
      expect(plain.auxiliary).toBeUndefined();
      const targets = plain.targets({ student }, batch);
      const unweighted = plain.loss(student, batch, targets, {});
      expect(sctObjective().loss(student, batch, targets, {}).dataSync()).toEqual(unweighted.dataSync());
      // d/dw (e^w L - w) = L - 1 at w = 0; the first feature is the bias.
      const slope = tf.grad((weight) =>
        tf.mean(sctObjective().loss(model(tinyParams(), { 'logWeight.weight': weight }), batch, targets, {})),
      )(head['logWeight.weight']);
      expect(slope.dataSync()[0]).toBeCloseTo(tf.mean(unweighted).dataSync()[0] - 1, 5);
    });
  });
});

describe('scd', () => {
  it('at the start of the warm-up pulls towards the teacher: no tangent where the student is the teacher', () => {
    tf.tidy(() => {
      const preconditioning = trigflowPreconditioning({ sigmaData });
      const teacherNetwork: Pick<Network, 'apply'> = {
        apply(_, u, { cNoise }) {
          const sigma = tf.mul<Tensor1D>(tf.tan(cNoise), sigmaData);
          const [cSkip, cOut, cIn] = (['cSkip', 'cOut', 'cIn'] as const).map((name) =>
            tf.reshape(preconditioning.tensors(sigma)[name], [-1, 1]),
          );
          const x = tf.div(u, cIn);
          return tf.div(tf.sub(exactDenoiser(x, sigma), tf.mul(x, cSkip)), cOut);
        },
      };
      const student = modelOf(teacherNetwork, preconditioning)({});
      const objective = scdObjective({ tangentNormalisation: 'clip' });
      const tangent = (warmup: number) =>
        objective.targets({ student, teacher: exactDenoiser }, anyBatch(warmup)).tangent;
      expect(largest(tangent(0))).toBeLessThan(1e-4);
      expect(largest(tangent(1))).toBeGreaterThan(0.05);
    });
  });

  it('shows dropout to the student alone, the same masks in both passes, and needs a teacher', () => {
    tf.tidy(() => {
      const seen: unknown[] = [];
      const network: Pick<Network, 'apply'> = {
        apply(params, x, conditioning) {
          seen.push(conditioning.dropout);
          return tiny.apply(params, x, conditioning);
        },
      };
      const student = modelOf(network, students[0][1])(tinyParams());
      const dropout = { hidden: tf.ones([6, 6]) };
      const batch = { ...anyBatch(), condition: { dropout } };
      const teacher: typeof exactDenoiser = (x, sigma, condition) => {
        expect(condition?.dropout).toBeUndefined();
        return exactDenoiser(x, sigma);
      };
      const objective = scdObjective({ adaptiveWeighting: false });
      objective.loss(student, batch, objective.targets({ student, teacher }, batch), {});
      expect(seen.length).toBe(2);
      expect(seen.every((masks) => masks === dropout)).toBe(true);
      expect(() => objective.targets({ student }, batch)).toThrow('scdObjective: this objective needs a teacher');
    });
  });
});
