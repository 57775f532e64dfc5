import { beforeAll, describe, expect, it } from 'vitest';
import {
  countLeaks,
  eagerRunner,
  hostTensor,
  mapParams,
  parallelRunner,
  tf,
  useBackend,
  valueAndGrads,
  type GradientCrew,
  type GradientCrewFactory,
  type HostGroups,
  type HostTensor,
  type Params,
  type StepFunction,
  type StepParts,
  type StepRunner,
} from '../../src/index';

beforeAll(() => useBackend('cpu'));

/** Loss (w x - teacher)^2 per element of the batch, and the gradient of its mean. */
function gradients(
  { student }: Readonly<Record<string, Params>>,
  { teacher }: Readonly<Record<string, Params>>,
  { x }: Params,
) {
  const lossOf = (w: tf.Tensor): tf.Tensor => tf.square(tf.sub(tf.mul(w, x), teacher.target));
  const { grads } = valueAndGrads((params) => tf.mean<tf.Scalar>(lossOf(params.w)), student);
  return { perImage: { perImage: lossOf(student.w) }, means: { 'gradient.w': grads.w } };
}

const update: StepFunction = ({ student, ema, still }, _, { perImage, rate, ...inputs }) => ({
  state: {
    student: mapParams(student, (weight, name) => tf.sub(weight, tf.mul(inputs[`gradient.${name}`], rate))),
    ema: mapParams(ema, (average, name) => tf.add(tf.mul(average, 0.5), tf.mul(student[name], 0.5))),
    still,
  },
  outputs: { loss: tf.mean(perImage), perImage },
});

const parts: StepParts = { weights: ['student', 'still'], gradients, update };

const step: StepFunction = (state, frozen, { x, rate }) => {
  const { perImage, means } = gradients(state, frozen, { x });
  return update(state, {}, { ...perImage, ...means, rate });
};

const vector = (...values: readonly number[]): HostTensor => hostTensor(Float32Array.from(values));
const options = () => ({
  step,
  parts,
  state: { student: { w: vector(1.5) }, ema: { w: vector(0) }, still: { c: vector(7) } },
  frozen: { teacher: { target: vector(0.3) } },
});
const inputs = { x: vector(1, -0.7, 0.2, 2), rate: hostTensor(Float32Array.of(0.125), []) };

/** A crew in this very thread, whose copies are eager runners. */
function inlineCrew(size: number): { readonly factory: GradientCrewFactory; readonly told: HostGroups[] } {
  const told: HostGroups[] = [];
  const factory: GradientCrewFactory = async ({ weights, frozen }) => {
    let groups: HostGroups = weights;
    const runners: StepRunner[] = [];
    for (let i = 0; i < size; i += 1) {
      const own: StepFunction = (_, kept, { w, ...others }) => {
        const { perImage, means } = gradients({ student: { w } }, kept, others);
        return { state: {}, outputs: { ...perImage, ...means } };
      };
      runners.push(await eagerRunner({ step: own, state: {}, frozen }));
    }
    return {
      description: `${size} copies`,
      size,
      setWeights(next) {
        told.push(next);
        groups = { ...groups, ...next };
      },
      async setFrozen(next) {
        for (const runner of runners) await runner.replace({ frozen: next });
      },
      gradients: (shares) =>
        Promise.all(
          shares.map(async (share, i) => {
            const { perImage, ...means } = await runners[i].step({ ...share, w: groups.student.w });
            return { perImage: { perImage }, means };
          }),
        ),
      dispose() {
        for (const runner of runners) runner.dispose();
      },
    } satisfies GradientCrew;
  };
  return { factory, told };
}

const parallel = (size: number) => parallelRunner({ crew: inlineCrew(size).factory, runnerFactory: eagerRunner });

const values = (record: Readonly<Record<string, HostTensor>>): Record<string, number[]> =>
  mapParams(record, ({ data }) => [...data]);

describe('parallelRunner', () => {
  it.each([1, 2, 4])('makes the steps of an undivided runner with %d copies, but for rounding', async (size) => {
    const whole = await eagerRunner(options());
    const divided = await parallel(size)(options());
    expect(divided.description).toBe(`${size} copies`);
    for (let i = 0; i < 5; i += 1) {
      const expected = values(await whole.step(inputs));
      const got = values(await divided.step(inputs));
      expect(Object.keys(got).sort()).toEqual(['loss', 'perImage']);
      expected.perImage.forEach((value, k) => expect(got.perImage[k]).toBeCloseTo(value, 6));
      expect(got.loss[0]).toBeCloseTo(expected.loss[0], 6);
    }
    const [expected, got] = [await whole.readState(), await divided.readState()];
    expect(Object.keys(got)).toEqual(Object.keys(expected));
    for (const group of Object.keys(expected)) {
      mapParams(expected[group], ({ data }, name) => {
        data.forEach((value, k) => expect(got[group][name].data[k]).toBeCloseTo(value, 6));
      });
    }
    whole.dispose();
    divided.dispose();
  });

  it('tells the copies what an update changed, and nothing else', async () => {
    const { factory, told } = inlineCrew(2);
    const runner = await parallelRunner({ crew: factory, runnerFactory: eagerRunner })(options());
    await runner.step(inputs);
    expect(told).toHaveLength(1);
    expect(Object.keys(told[0])).toEqual(['student']);
    expect(values(told[0].student)).toEqual(values((await runner.readState()).student));
    runner.dispose();
  });

  it('goes on from weights that are put in the place of others, frozen ones too', async () => {
    const replacement = { state: { student: { w: vector(-2) } }, frozen: { teacher: { target: vector(-1) } } };
    const [whole, divided] = [await eagerRunner(options()), await parallel(2)(options())];
    for (const runner of [whole, divided]) {
      await runner.step(inputs);
      await runner.replace(replacement);
    }
    const [expected, got] = [await whole.step(inputs), await divided.step(inputs)];
    expect(got.loss.data[0]).toBeCloseTo(expected.loss.data[0], 6);
    await expect(divided.replace({ state: { none: {} } })).rejects.toThrow('no group "none"');
    whole.dispose();
    divided.dispose();
  });

  it('holds no tensors once it is disposed of', async () => {
    const { leaked } = await countLeaks(async () => {
      const runner = await parallel(2)(options());
      await runner.step(inputs);
      const { numTensors } = tf.memory();
      for (let i = 0; i < 20; i += 1) await runner.step(inputs);
      expect(tf.memory().numTensors).toBe(numTensors);
      runner.dispose();
    });
    expect(leaked).toBe(0);
  });

  it('refuses a step without parts and a batch that cannot be divided', async () => {
    await expect(parallel(2)({ ...options(), parts: undefined })).rejects.toMatchObject({ code: 'unsupported' });
    const runner = await parallel(3)(options());
    await expect(runner.step(inputs)).rejects.toThrow('input "x" [4] cannot be divided by 3');
    runner.dispose();
  });
});
