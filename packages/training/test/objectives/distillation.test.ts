import { beforeAll, describe, expect, it } from 'vitest';
import { ctmPreconditioning, edmPreconditioning, rectifiedFlowPreconditioning } from '@onestep/core';
import { countLeaks, tf, useBackend, type Params } from '@onestep/tensor';
import {
  ctmObjective,
  kdObjective,
  modelOf,
  objectiveFromRecipe,
  pdObjective,
  reflowObjective,
} from '@onestep/training';
import { perImageGradients } from '../../src/internal/per-image-gradients';
import { tinyRecipe } from '../recipes-for-tests';
import { batchOf, exact, freshParams, jumpingNetwork, plainNetwork, request } from './distillation-setting';

beforeAll(() => useBackend('cpu'));

const cases = [
  { objective: pdObjective({ startScales: 8 }), network: plainNetwork, preconditioning: edmPreconditioning() },
  { objective: kdObjective(), network: plainNetwork, preconditioning: edmPreconditioning() },
  {
    objective: reflowObjective(),
    network: plainNetwork,
    preconditioning: rectifiedFlowPreconditioning({ timeScale: 2 }),
  },
  {
    objective: reflowObjective({ phase: 'distill', distillSteps: 2 }),
    network: plainNetwork,
    preconditioning: rectifiedFlowPreconditioning({ timeScale: 2 }),
  },
  {
    objective: ctmObjective({ numScales: 6, maxSolverSteps: 2, sigmaMin: 0.05, sigmaMax: 5 }),
    network: jumpingNetwork,
    preconditioning: ctmPreconditioning({ sigmaMin: 0.05, sigmaMax: 5 }),
  },
  {
    objective: ctmObjective({ numScales: 6, maxSolverSteps: 2, sigmaMin: 0.05, sigmaMax: 5, dsmWeight: 0.5 }),
    network: jumpingNetwork,
    preconditioning: ctmPreconditioning({ sigmaMin: 0.05, sigmaMax: 5 }),
  },
] as const;

describe('distillation objectives', () => {
  it.each(cases.map((entry) => [entry.objective.name, entry] as const))(
    '%s has the gradient of central differences, with its targets held fixed, and leaks nothing',
    async (_, { objective, network, preconditioning }) => {
      const model = modelOf(network, preconditioning);
      const { leaked } = await countLeaks(() => {
        tf.tidy(() => {
          const params = freshParams(network);
          const batch = batchOf(objective);
          // A slow copy that differs from the student, so that a gradient through the wrong one shows.
          const others = { target: model(freshParams(network, 4)), teacher: exact };
          const targets = objective.targets({ student: model(params), ...others }, batch);
          const { grads } = perImageGradients((p) => objective.loss(model(p), batch, targets, others), params, 4);
          const meanLoss = (p: Params) => tf.mean(objective.loss(model(p), batch, targets, others)).dataSync()[0];
          for (const name of Object.keys(params)) {
            const h = 1e-2;
            const basis = tf.reshape(tf.oneHot(0, params[name].size), params[name].shape);
            const at = (shift: number) => meanLoss({ ...params, [name]: tf.add(params[name], tf.mul(basis, shift)) });
            const slope = (at(h) - at(-h)) / (2 * h);
            const largest = tf.max(tf.abs(grads[name])).dataSync()[0];
            // Truncation h^2 f''' / 6 and float32 rounding eps f / h, both below 1% of the gradient or of the loss.
            expect(Math.abs(grads[name].dataSync()[0] - slope), name).toBeLessThan(
              1e-2 * (largest + 0.1 + 0.01 * meanLoss(params)),
            );
          }
        });
      });
      expect(leaked).toBe(0);
    },
  );

  it.each(cases.map((entry) => [entry.objective.name, entry] as const))(
    '%s draws what depends on seed and image number alone, not on the batch an image is in',
    (_, { objective }) => {
      const whole = objective.draws(request);
      const first = objective.draws({ ...request, batchSize: 1 });
      const rest = objective.draws({ ...request, batchSize: 3, imagesSeen: request.imagesSeen + 1 });
      for (const [name, draw] of Object.entries(whole)) {
        expect([...first[name].data, ...rest[name].data], name).toEqual([...draw.data]);
        expect(draw.shape[0], name).toBe(4);
        expect(draw.data.every(Number.isFinite), name).toBe(true);
      }
    },
  );
});

describe('recipes', () => {
  it.each([
    ['ctm', { numScales: 6, maxSolverSteps: 2 }, { teacher: 'frozen', target: 'ema', secondTime: true }],
    ['pd', { startScales: 4 }, { teacher: 'stages', target: 'none' }],
    ['kd', { distance: 'l1' }, { teacher: 'none', target: 'none', pairs: true }],
    ['reflow', { phase: 'distill' }, { teacher: 'none', target: 'none', pairs: true }],
  ] as const)('make the objective of %s with their options', (method, objective, needs) => {
    const made = objectiveFromRecipe(tinyRecipe(method, { objective }));
    expect(made.name).toBe(method);
    expect(made.needs).toEqual(needs);
  });

  it('refuse grids that cannot be halved, and more solver steps than there are intervals', () => {
    expect(() => tinyRecipe('pd', { objective: { startScales: 6 } })).toThrow(/objective.startScales.*power of two/);
    expect(() => tinyRecipe('ctm', { objective: { numScales: 8, maxSolverSteps: 8 } })).toThrow(
      /objective.maxSolverSteps.*below numScales/,
    );
  });
});
