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
  type StepFunction,
} from '@onestep/tensor';
import {
  adam,
  ctObjective,
  makeStepParts,
  makeTrainStep,
  packInputs,
  sctObjective,
  type Objective,
  type TrainStepOptions,
} from '@onestep/training';
import { inSlices } from '../../src/step/slices';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const network = tinyNetwork({ hidden: 4, numClasses: 3, augmentChannels: 9 });
const optimizer = adam();
const progress = { seed: 1, batchSize: 12, shape: [2], step: 30, totalSteps: 100, imagesSeen: 360 };

/** The step put together from its parts, each of them given an equal part of the batch. */
function divided(options: TrainStepOptions, parts: number): StepFunction {
  const { weights: names, gradients, update } = makeStepParts(options);
  return (state, frozen, inputs) => {
    const weights = Object.fromEntries(names.map((name) => [name, state[name]]));
    const results = Array.from({ length: parts }, (_, part) => {
      const own = mapParams(inputs, (tensor) => {
        const size = (tensor.shape[0] ?? 0) / parts;
        return tensor.rank === 0 ? tensor : tf.slice(tensor, [part * size], [size]);
      });
      return gradients(weights, frozen, own);
    });
    const perImage = tf.concat(results.map((result) => result.perImage.perImage));
    const means = mapParams(results[0].means, (_, name) =>
      tf.div(tf.addN(results.map((result) => result.means[name])), parts),
    );
    const scalars = Object.fromEntries(Object.entries(inputs).filter(([, { rank }]) => rank === 0));
    return update(state, {}, { ...scalars, ...means, perImage });
  };
}

/** Outputs and next student of one step from a fixed state. */
function oneStep(
  objective: Objective,
  { parts, ...options }: { accumulation?: number; recompute?: boolean; parts?: number },
  trained: Pick<Network, 'apply' | 'normalizeWeights'> = network,
) {
  const preconditioning = objective.name === 'sct' ? trigflowPreconditioning() : edmPreconditioning();
  const stepOptions = {
    objective,
    network: trained,
    preconditioning,
    optimizer,
    emaNames: ['slow'],
    clipNorm: 0.5,
    ...options,
  };
  const step = parts === undefined ? makeTrainStep(stepOptions) : divided(stepOptions, parts);
  const shapes = mapParams(network.paramShapes, (shape) => ({ shape }));
  const auxiliary = mapParams(objective.auxiliary ?? {}, (shape) => tf.zeros([...shape]));
  const optimized = {
    ...shapes, ...Object.fromEntries(Object.entries(objective.auxiliary ?? {}).map(([name, shape]) => [`auxiliary.${name}`, { shape }])) }; // prettier-ignore
  const moments = mapParams(optimizer.init(optimized), (group) => mapParams(group, toTensor));
  const params = () => network.init((name) => randomStream(3, name));
  const state = { student: params(), target: params(), auxiliary, 'ema.slow': params(), 'optimizer.m': moments.m, 'optimizer.v': moments.v }; // prettier-ignore
  const scalars = { 'optimizer.stepSize': 1e-2, 'optimizer.epsilon': 1e-8, targetRate: 0.5, 'emaRate.slow': 0.1 };
  const batch = ringBatches(12, 3, 9)(0);
  const inputs = mapParams(
    packInputs({ ...batch, pairNoise: undefined, draws: objective.draws(progress), scalars }),
    toTensor,
  );
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

describe('a step in parts', () => {
  it.each(objectives.map((objective) => [objective.name, objective] as const))(
    'is the same step of %s, undivided to the last bit, divided but for rounding',
    (_, objective) => {
      const whole = oneStep(objective, {});
      expect(oneStep(objective, { parts: 1 })).toEqual(whole);
      for (const accumulation of [1, 2]) {
        const parts = oneStep(objective, { parts: 3, accumulation });
        for (const key of ['outputs', 'student', 'ema'] as const) expectClose(parts[key], whole[key], 1e-6);
      }
    },
  );

  it('names the groups that gradients read', () => {
    const options = { objective: sctObjective(), network, preconditioning: trigflowPreconditioning(), optimizer };
    expect(makeStepParts(options).weights).toEqual(['student', 'auxiliary']);
    expect(makeStepParts({ ...options, objective: ctObjective() }).weights).toEqual(['student', 'target']);
  });
});

describe('a network that normalises its weights', () => {
  /** Half of every weight; its function is made to undo that. */
  const normalizeWeights = (params: Params): Params => mapParams(params, (value) => tf.mul(value, 0.5));

  it('is trained from the normalised ones, in one piece and in parts', () => {
    const seen: number[] = [];
    const apply: Network['apply'] = (params, ...rest) => {
      seen.push(params.b1.dataSync()[0]);
      return network.apply(params, ...rest);
    };
    oneStep(ctObjective(), {}, { apply });
    const before = seen.splice(0).at(-1) ?? NaN;
    const halved = oneStep(ctObjective(), {}, { apply, normalizeWeights });
    expect(seen.splice(0).at(-1)).toBeCloseTo(before / 2, 6);
    // Adam's first step with this step size, from where the weight was read.
    expect(Math.abs(halved.student.b1[0] - before / 2)).toBeLessThan(0.032);
    expect(oneStep(ctObjective(), { parts: 1 }, { apply, normalizeWeights })).toEqual(halved);
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
