import { beforeAll, describe, expect, it } from 'vitest';
import {
  countLeaks,
  eagerRunner,
  hostTensor,
  mapParams,
  tf,
  useBackend,
  valueAndGrads,
  type StepFunction,
  type StepRunnerOptions,
} from '../../src/index';

/** Gradient descent on |w - target|^2 with a running average of w; `rate` comes in with the inputs. */
const descend: StepFunction = ({ student, ema }, { teacher }, { rate }) => {
  const { value, grads } = valueAndGrads(
    (params) => tf.sum<tf.Scalar>(tf.square(tf.sub(params.w, teacher.target))),
    student,
  );
  return {
    state: {
      student: mapParams(student, (weight, name) => tf.sub(weight, tf.mul(grads[name], rate))),
      ema: mapParams(ema, (average, name) => tf.add(tf.mul(average, 0.5), tf.mul(student[name], 0.5))),
    },
    outputs: { loss: value },
  };
};

const options = (): StepRunnerOptions => ({
  step: descend,
  state: { student: { w: hostTensor(Float32Array.of(1, 2)) }, ema: { w: hostTensor(Float32Array.of(0, 0)) } },
  frozen: { teacher: { target: hostTensor(Float32Array.of(0, 0)) } },
});

const rate = hostTensor(Float32Array.of(0.25), []);

describe.each(['wasm', 'cpu'] as const)('eagerRunner on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('advances the state, returns the outputs and says what it runs on', async () => {
    const runner = await eagerRunner(options());
    expect(runner.description).toBe(`eager on ${backend}`);
    expect([...(await runner.step({ rate })).loss.data]).toEqual([5]);
    expect([...(await runner.step({ rate })).loss.data]).toEqual([1.25]);
    const { student, ema } = await runner.readState();
    expect([...student.w.data]).toEqual([0.25, 0.5]);
    expect([...ema.w.data]).toEqual([0.5, 1]);
    runner.dispose();
  });

  it('holds as many tensors after 1,000 steps as after one, and none when disposed', async () => {
    const { leaked } = await countLeaks(async () => {
      const runner = await eagerRunner(options());
      await runner.step({ rate });
      const { numTensors, numDataBuffers, numBytes } = tf.memory();
      for (let i = 1; i < 1000; i += 1) await runner.step({ rate });
      expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers, numBytes });
      runner.dispose();
    });
    expect(leaked).toBe(0);
  });

  it('keeps tensors that a step hands through unchanged, whatever they are', async () => {
    const { leaked } = await countLeaks(async () => {
      const runner = await eagerRunner({
        ...options(),
        step: ({ student }, { teacher }, { rate: given }) => ({
          state: { student, ema: { w: student.w, teacher: teacher.target, rate: given } },
          outputs: { w: student.w, rate: given, target: teacher.target },
        }),
      });
      for (let i = 0; i < 3; i += 1) {
        const { w, rate: given, target } = await runner.step({ rate });
        expect([[...w.data], [...given.data], [...target.data]]).toEqual([[1, 2], [0.25], [0, 0]]);
      }
      expect([...(await runner.readState()).ema.rate.data]).toEqual([0.25]);
      runner.dispose();
    });
    expect(leaked).toBe(0);
  });

  it('leaves state and tensor count as they were when a step throws', async () => {
    const runner = await eagerRunner({
      ...options(),
      step: (state, frozen, inputs) => {
        if (inputs.fail !== undefined) throw new Error('no');
        return descend(state, frozen, inputs);
      },
    });
    const before = tf.memory().numTensors;
    await expect(runner.step({ rate, fail: rate })).rejects.toThrow('no');
    expect(tf.memory().numTensors).toBe(before);
    expect([...(await runner.readState()).student.w.data]).toEqual([1, 2]);
    runner.dispose();
  });

  it('goes on from replaced groups as a fresh runner does, and frees what they replace', async () => {
    const { leaked } = await countLeaks(async () => {
      const runner = await eagerRunner(options());
      await runner.step({ rate });
      const tensors = tf.memory().numTensors;
      const student = { w: hostTensor(Float32Array.of(0.3, -7)) };
      const teacher = { target: hostTensor(Float32Array.of(0.1, 9)) };
      const { ema } = await runner.readState();
      await runner.replace({ state: { student }, frozen: { teacher } });
      expect(tf.memory().numTensors).toBe(tensors);
      const fresh = await eagerRunner({ step: descend, state: { student, ema }, frozen: { teacher } });
      for (let i = 0; i < 2; i += 1) expect(await runner.step({ rate })).toEqual(await fresh.step({ rate }));
      expect(await runner.readState()).toEqual(await fresh.readState());
      runner.dispose();
      fresh.dispose();
    });
    expect(leaked).toBe(0);
  });

  it('refuses groups that do not fit before anything changes', async () => {
    const runner = await eagerRunner(options());
    const w = hostTensor(Float32Array.of(8, 8));
    const replaced = (state: Record<string, Record<string, typeof w>>): Promise<void> => runner.replace({ state });
    await expect(replaced({ student: { w }, other: { w } })).rejects.toThrow(
      /no group "other", expected ema, student\./,
    );
    await expect(replaced({ student: {} })).rejects.toThrow(/"student"\."w" is missing/);
    await expect(replaced({ student: { w, v: w } })).rejects.toThrow(/there is no "student"\."v"/);
    await expect(replaced({ student: { w: hostTensor(Float32Array.of(1)) } })).rejects.toThrow(
      /"student"\."w" is float32\[1\], expected float32\[2\]/,
    );
    await expect(replaced({ student: { w: { ...w, data: Float32Array.of(1) } } })).rejects.toThrow(/has 1 elements/);
    await expect(runner.replace({ state: { student: { w } }, frozen: { teacher: { target: w, w } } })).rejects.toThrow(
      RangeError,
    );
    expect([...(await runner.readState()).student.w.data]).toEqual([1, 2]);
    runner.dispose();
  });
});
