import { beforeAll, describe, expect, it, vi } from 'vitest';
import { edmPreconditioning, trigflowPreconditioning, type Network } from '@onestep/core';
import {
  countLeaks,
  disposeParams,
  mapParams,
  randomStream,
  tf,
  toTensor,
  useBackend,
  type Params,
} from '@onestep/tensor';
import { adam, ctObjective, makeTrainStep, packInputs, sctObjective, type Objective } from '@onestep/training';
import { inSlices } from '../../src/step/slices';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const network = tinyNetwork({ hidden: 4, numClasses: 3 });
const optimizer = adam();
const progress = { seed: 1, batchSize: 12, shape: [2], step: 30, totalSteps: 100, imagesSeen: 360 };

/** Outputs and next student of one step from a fixed state. */
function oneStep(
  objective: Objective,
  options: { accumulation?: number; recompute?: boolean },
  trained: Pick<Network, 'apply'> = network,
) {
  const preconditioning = objective.name === 'sct' ? trigflowPreconditioning() : edmPreconditioning();
  const step = makeTrainStep({
    objective,
    network: trained,
    preconditioning,
    optimizer,
    emaNames: ['slow'],
    clipNorm: 0.5,
    ...options,
  });
  const shapes = mapParams(network.paramShapes, (shape) => ({ shape }));
  const auxiliary = mapParams(objective.auxiliary ?? {}, (shape) => tf.zeros([...shape]));
  const optimized = {
    ...shapes, ...Object.fromEntries(Object.entries(objective.auxiliary ?? {}).map(([name, shape]) => [`auxiliary.${name}`, { shape }])) }; // prettier-ignore
  const moments = mapParams(optimizer.init(optimized), (group) => mapParams(group, toTensor));
  const params = () => network.init((name) => randomStream(3, name));
  const state = { student: params(), target: params(), auxiliary, 'ema.slow': params(), 'optimizer.m': moments.m, 'optimizer.v': moments.v }; // prettier-ignore
  const scalars = { 'optimizer.stepSize': 1e-2, 'optimizer.epsilon': 1e-8, targetRate: 0.5, 'emaRate.slow': 0.1 };
  const { images, labels } = ringBatches(12, 3)(0);
  const inputs = mapParams(packInputs({ images, labels, draws: objective.draws(progress), scalars }), toTensor);
  const result = tf.tidy(() => step(state, {}, inputs) as never) as ReturnType<typeof step>;
  const host = (record: Params) => mapParams(record, (tensor) => [...tensor.dataSync()]);
  const read = {
    outputs: host(result.outputs),
    student: host(result.state.student),
    ema: host(result.state['ema.slow']),
  };
  for (const group of [...Object.values(state), ...Object.values(result.state), result.outputs, inputs])
    disposeParams(group);
  return read;
}

function expectClose(got: Record<string, number[]>, expected: Record<string, number[]>, tolerance: number): void {
  expect(Object.keys(got)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    values.forEach((value, i) => {
      expect(Math.abs(got[name][i] - value), `${name}[${i}]`).toBeLessThan(tolerance * (1 + Math.abs(value)));
    });
  }
}

const objectives = [ctObjective(), sctObjective({ tangentWarmupSteps: 10 })];

describe('gradient accumulation', () => {
  it.each(objectives.flatMap((objective) => [2, 3, 12].map((k) => [objective.name, k, objective] as const)))(
    '%s in %d slices makes the same step as in one',
    (_, accumulation, objective) => {
      const whole = oneStep(objective, {});
      const sliced = oneStep(objective, { accumulation });
      for (const key of ['outputs', 'student', 'ema'] as const) expectClose(sliced[key], whole[key], 1e-6);
    },
  );

  it('leaks nothing', async () => {
    const { leaked } = await countLeaks(() => void oneStep(objectives[0], { accumulation: 4 }));
    expect(leaked).toBe(0);
  });

  it('lets each slice but the first wait for the gradients of the one before', () => {
    tf.tidy(() => {
      const order = vi.spyOn(tf.engine(), 'runKernel');
      const inputs = { images: tf.ones([6, 2]), rate: tf.scalar(2) };
      const { perImage, grads } = inSlices(inputs, 3, (slice) => ({
        perImage: tf.sum(slice.images, 1),
        grads: { a: tf.mean(slice.images) },
      }));
      const waiting = order.mock.calls.filter(([kernel]) => kernel === 'OnestepAfter');
      order.mockRestore();
      expect(waiting).toHaveLength(2);
      expect([...perImage.dataSync()]).toEqual([2, 2, 2, 2, 2, 2]);
      expect(grads.a.dataSync()[0]).toBeCloseTo(1, 6);
    });
  });

  it('refuses inputs that cannot be cut', () => {
    tf.tidy(() => {
      const images = tf.ones([6, 2]);
      const run = () => ({ perImage: tf.tensor1d([1, 1]), grads: {} });
      expect(() => inSlices({ images }, 4, run)).toThrow('accumulation must divide the batch of 6, got 4');
      expect(() => inSlices({ images, 'draw.table': tf.ones([5]) }, 2, run)).toThrow('"draw.table" has shape [5]');
    });
  });
});

describe('recomputed activations', () => {
  it.each(objectives.map((objective) => [objective.name, objective] as const))(
    'change nothing about a step of %s, in one piece or in slices',
    (_, objective) => {
      const plain = oneStep(objective, {});
      for (const accumulation of [1, 3]) {
        const lean = oneStep(objective, { recompute: true, accumulation });
        for (const key of ['outputs', 'student', 'ema'] as const) expectClose(lean[key], plain[key], 1e-6);
      }
    },
  );

  it('are asked of the network where something is differentiated, and nowhere else', () => {
    const asked: unknown[] = [];
    const apply: Network['apply'] = (params, x, conditioning, options) => {
      asked.push(options?.recompute);
      return network.apply(params, x, conditioning, options);
    };
    oneStep(ctObjective(), { recompute: true }, { apply });
    // The target, then the student.
    expect(asked).toEqual([undefined, true]);
  });
});
