import { beforeAll, describe, expect, it } from 'vitest';
import {
  consistencyPreconditioning,
  ctmPreconditioning,
  edmPreconditioning,
  meanflowPreconditioning,
  rectifiedFlowPreconditioning,
  trigflowPreconditioning,
  type Condition,
  type Conditioning,
  type Denoiser,
  type Network,
  type Preconditioning,
} from '@onestep/core';
import { randomStream, tf, useBackend } from '@onestep/tensor';
import {
  cdObjective,
  ctmObjective,
  ctObjective,
  ectObjective,
  edmObjective,
  ictObjective,
  kdObjective,
  meanflowObjective,
  modelOf,
  pdObjective,
  reflowObjective,
  scdObjective,
  sctObjective,
  type Objective,
} from '@onestep/training';
import { perImageGradients } from '../../src/internal/per-image-gradients';
import { tinyNetwork } from '../tiny-network';
import { batchOf, exact } from './distillation-setting';

beforeAll(() => useBackend('cpu'));

/** Every method with the preconditioning it trains, and how often it calls network and teacher. */
const methods: readonly (readonly [string, Objective, Preconditioning, number, number])[] = [
  ['edm', edmObjective(), edmPreconditioning(), 1, 0],
  ['cd', cdObjective(), consistencyPreconditioning(), 2, 2],
  ['ct', ctObjective(), consistencyPreconditioning(), 2, 0],
  ['ect', ectObjective(), edmPreconditioning(), 2, 0],
  ['ict', ictObjective(), consistencyPreconditioning(), 2, 0],
  ['scd', scdObjective({ adaptiveWeighting: false }), trigflowPreconditioning(), 2, 1],
  ['sct', sctObjective({ adaptiveWeighting: false }), edmPreconditioning(), 2, 0],
  // Student and target, each twice; both terms once more where they are balanced.
  ['ctm', ctmObjective({ maxSolverSteps: 2 }), ctmPreconditioning(), 8, 4],
  ['pd', pdObjective({ startScales: 2, doubledStages: 0 }), edmPreconditioning(), 1, 2],
  ['kd', kdObjective(), edmPreconditioning(), 1, 0],
  ['reflow', reflowObjective(), rectifiedFlowPreconditioning(), 1, 0],
  ['meanflow', meanflowObjective(), meanflowPreconditioning(), 2, 0],
];

describe('every forward pass', () => {
  it.each(methods)(
    'of %s sees the labels of classes and augmentation, and the masks unless it is the teacher',
    (_, objective, ...rest) => {
      const [preconditioning, networkCalls, teacherCalls] = rest;
      tf.tidy(() => {
        const tiny = tinyNetwork({
          numClasses: 3,
          dropout: 0.5,
          augmentChannels: 2,
          secondTime: objective.needs.secondTime === true,
        });
        const seen: Conditioning[] = [];
        const seenByTeacher: Condition[] = [];
        const network: Pick<Network, 'apply' | 'outputWeight'> = {
          outputWeight: 'w2',
          apply(params, x, conditioning, options) {
            seen.push(conditioning);
            return tiny.apply(params, x, conditioning, options);
          },
        };
        const teacher: Denoiser = (x, sigma, condition = {}) => {
          seenByTeacher.push(condition);
          return exact(x, sigma);
        };
        const params = tiny.init((name) => randomStream(3, name));
        const condition: Condition = {
          labels: tf.tensor2d([1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0], [4, 3]),
          augment: tf.tensor2d([0, 0, 0.5, 0, 0, -0.5, 1, 1], [4, 2]),
          dropout: { hidden: tf.mul(tf.ones([4, 8]), 2) },
        };
        const batch = { ...batchOf(objective), condition };
        const model = modelOf(network, preconditioning);
        const others = { target: model(params), teacher };
        const targets = objective.targets({ student: model(params), ...others }, batch);
        perImageGradients((own) => objective.loss(model(own), batch, targets, others), params, 4);

        expect(seen.length).toBe(networkCalls);
        expect(seenByTeacher.length).toBe(teacherCalls);
        for (const { labels, augment, dropout } of seen) {
          expect(labels).toBe(condition.labels);
          expect(augment).toBe(condition.augment);
          expect(dropout).toBe(condition.dropout);
        }
        for (const { labels, augment, dropout } of seenByTeacher) {
          expect(labels).toBe(condition.labels);
          expect(augment).toBe(condition.augment);
          expect(dropout).toBeUndefined();
        }
      });
    },
  );
});
