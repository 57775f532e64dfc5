import { beforeAll, describe, expect, it, vi } from 'vitest';
import { edmPreconditioning, type Denoiser } from '@onestep/core';
import {
  countLeaks,
  disposeParams,
  hostTensor,
  mapParams,
  randomStream,
  tf,
  toTensor,
  useBackend,
  type Params,
} from '@onestep/tensor';
import {
  adam,
  cdObjective,
  ctObjective,
  ectObjective,
  edmObjective,
  makeTrainStep,
  modelOf,
  packInputs,
  radam,
  type Model,
  type Objective,
} from '@onestep/training';
import { perImageGradients } from '../../src/internal/per-image-gradients';
import { stepInputs } from '../../src/trainer/step-draws';
import { clipGradients, gradientNorm } from '../../src/step/gradient-norm';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const network = tinyNetwork({ d: 2, hidden: 4 });
const model = modelOf(network, edmPreconditioning());
const withDenoiser = (denoise: Denoiser): Model => ({ ...model({}), denoise });
const progress = { seed: 1, batchSize: 4, shape: [2], step: 30, totalSteps: 100, imagesSeen: 120 };
const { images } = ringBatches(4)(0);
const zeros = hostTensor(new Float32Array(8), [4, 2]);
const freshParams = () => network.init((name) => randomStream(3, name));

function batchOf(objective: Objective) {
  return { images: toTensor(images), draws: mapParams(objective.draws(progress), toTensor), condition: {} };
}

const objectives = [edmObjective(), cdObjective({ solver: 'euler' }), ctObjective(), ectObjective({ c: 0.01 })];

describe('objectives', () => {
  it.each(objectives.map((objective) => [objective.name, objective] as const))(
    '%s has the gradient of central differences, with its targets held fixed',
    (_, objective) => {
      tf.tidy(() => {
        const params = freshParams();
        const batch = batchOf(objective);
        const others = { target: model(params), teacher: model(params).denoise };
        const targets = objective.targets({ student: model(params), ...others }, batch);
        const { grads } = perImageGradients((p) => objective.loss(model(p), batch, targets, {}), params, 4);
        const meanLoss = (p: Params) => tf.mean(objective.loss(model(p), batch, targets, {})).dataSync()[0];
        for (const name of Object.keys(params)) {
          const h = 2e-2;
          const basis = tf.reshape(tf.oneHot(0, params[name].size), params[name].shape);
          const at = (shift: number) => meanLoss({ ...params, [name]: tf.add(params[name], tf.mul(basis, shift)) });
          const slope = (at(h) - at(-h)) / (2 * h);
          const largest = tf.max(tf.abs(grads[name])).dataSync()[0];
          // Truncation h^2 f''' / 6 and float32 rounding eps f / h, both well below 1%.
          expect(Math.abs(grads[name].dataSync()[0] - slope), name).toBeLessThan(1e-2 * (largest + 0.1));
        }
      });
    },
  );

  it('show the teacher no dropout, and student and target the same masks', () => {
    const seen: [string, unknown][] = [];
    const spy =
      (role: string): Denoiser =>
      (x, _, condition) => {
        seen.push([role, condition?.dropout]);
        return x;
      };
    tf.tidy(() => {
      const objective = cdObjective();
      const dropout = { hidden: tf.ones([4, 4]) };
      const batch = { ...batchOf(objective), condition: { dropout } };
      const targets = objective.targets(
        { student: withDenoiser(spy('student')), target: withDenoiser(spy('target')), teacher: spy('teacher') },
        batch,
      );
      objective.loss(withDenoiser(spy('student')), batch, targets, {});
      expect(seen).toEqual([
        ['teacher', undefined],
        ['teacher', undefined],
        ['target', dropout],
        ['student', dropout],
      ]);
    });
  });

  it('give ECT a finite gradient when the network returns its input and r = 0', () => {
    tf.tidy(() => {
      const objective = ectObjective({ numStages: 1 });
      const batch = { ...batchOf(objective), images: toTensor(zeros) };
      const draws = { ...batch.draws, noise: toTensor(zeros), useClean: tf.ones([4]) };
      const scaled = (p: Params) => withDenoiser((x) => tf.mul(x, p.scale));
      const params = { scale: tf.scalar(1) };
      const targets = objective.targets({ student: scaled(params), target: scaled(params) }, { ...batch, draws });
      const { grads, perImage } = perImageGradients(
        (p) => objective.loss(scaled(p), { ...batch, draws }, targets, {}),
        params,
        4,
      );
      expect([...perImage.dataSync()].every(Number.isFinite)).toBe(true);
      expect(grads.scale.dataSync()[0]).toBe(0);
    });
  });

  it('name the model they miss', () => {
    tf.tidy(() => {
      const objective = cdObjective();
      expect(() => objective.targets({ student: model({}) }, batchOf(objective))).toThrow(
        /cdObjective: .* needs a teacher/,
      );
    });
  });
});

describe('gradient clipping', () => {
  it('shortens long gradients to the limit, leaves short ones, and keeps NaN', () => {
    tf.tidy(() => {
      const grads = { a: tf.tensor1d([3, 0]), b: tf.tensor1d([4]) };
      const { norm, squares } = gradientNorm(grads);
      expect(norm.dataSync()[0]).toBeCloseTo(5, 6);
      expect([...squares.dataSync()]).toEqual([9, 16]);
      expect([...clipGradients(grads, norm, 1).a.dataSync()][0]).toBeCloseTo(0.6, 6);
      expect([...clipGradients(grads, norm, 10).b.dataSync()]).toEqual([4]);
      const bad = { a: tf.tensor1d([NaN]) };
      expect(clipGradients(bad, gradientNorm(bad).norm, 1).a.dataSync()[0]).toBeNaN();
    });
  });
});

describe('makeTrainStep', () => {
  const optimizer = adam();
  const objective = ctObjective();
  const step = makeTrainStep({
    objective,
    network,
    preconditioning: edmPreconditioning(),
    optimizer,
    emaNames: ['slow'],
  });
  const inputs = () =>
    mapParams(
      packInputs({
        images,
        draws: objective.draws(progress),
        scalars: { 'optimizer.stepSize': 1e-2, 'optimizer.epsilon': 1e-8, targetRate: 0.5, 'emaRate.slow': 0.1 },
      }),
      toTensor,
    );
  const fresh = () => {
    const zeros = mapParams(optimizer.init(mapParams(network.paramShapes, (shape) => ({ shape }))), (group) =>
      mapParams(group, toTensor),
    );
    return {
      student: freshParams(),
      target: freshParams(),
      'ema.slow': freshParams(),
      'optimizer.m': zeros.m,
      'optimizer.v': zeros.v,
    };
  };

  it('returns the same groups and names, moves target and average by their rates, and leaks nothing', async () => {
    const { leaked } = await countLeaks(() => {
      const state = fresh();
      const given = inputs();
      const next = tf.tidy(() => step(state, {}, given) as never) as ReturnType<typeof step>;
      expect(Object.keys(next.state).sort()).toEqual(Object.keys(state).sort());
      expect(Object.keys(next.outputs).sort()).toEqual(['gradNorm', 'gradSquares', 'loss', 'perImage']);
      for (const name of Object.keys(network.paramShapes)) {
        const [before] = state.student[name].dataSync();
        const moved = next.state.student[name].dataSync()[0] - before;
        expect(next.state.target[name].dataSync()[0] - before).toBeCloseTo(0.5 * moved, 6);
        expect(next.state['ema.slow'][name].dataSync()[0] - before).toBeCloseTo(0.1 * moved, 6);
      }
      for (const group of [...Object.values(state), ...Object.values(next.state), next.outputs, given])
        disposeParams(group);
    });
    expect(leaked).toBe(0);
  });

  it('reads no tensor back, so that it can be traced', () => {
    const state = fresh();
    const given = inputs();
    const backend = tf.backend();
    const reads = [vi.spyOn(backend, 'read'), vi.spyOn(backend, 'readSync')];
    const next = tf.tidy(() => step(state, {}, given) as never) as ReturnType<typeof step>;
    for (const read of reads) {
      expect(read).not.toHaveBeenCalled();
      read.mockRestore();
    }
    for (const group of [...Object.values(state), ...Object.values(next.state), next.outputs, given])
      disposeParams(group);
  });

  it('is fed the same names and shapes at every step, whatever the curriculum', () => {
    const shapes = (step: number) => {
      const source = {
        objective: ctObjective(),
        optimizer: radam({ form: 'original', weightDecay: 0.1 }),
        emas: [{ name: 'a', halfLifeImages: 100 }],
        network,
        batchSize: 4,
        seed: 1,
        dropout: 0,
        schedule: { learningRate: 1, warmupSteps: 10 },
      };
      const { inputs: packed } = stepInputs(source, { step, totalSteps: 50, imagesSeen: 4 * step, batch: { images } });
      return mapParams(packed, ({ shape }) => shape);
    };
    expect(shapes(49)).toEqual(shapes(0));
  });

  it('refuses to be made without the teacher its objective needs', () => {
    const make = () =>
      makeTrainStep({ objective: cdObjective(), network, preconditioning: edmPreconditioning(), optimizer });
    expect(make).toThrow('objective "cd" needs a teacher, got none');
  });
});
