import { countLeaks, eagerRunner, hostTensor, tf, useBackend, type StepRunner } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { compiledRunner } from '../src/index';
import { testExecutor } from './support/agree';
import { initialState, stepInputs, trainStep } from './support/unet-step';

beforeAll(async () => {
  await useBackend('cpu');
});

/** Largest difference over the largest magnitude. */
function relativeError(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let error = 0;
  let scale = 1e-12;
  for (let i = 0; i < wanted.length; i += 1) {
    error = Math.max(error, Math.abs(got[i] - wanted[i]));
    scale = Math.max(scale, Math.abs(wanted[i]));
  }
  return error / scale;
}

async function advance(runner: StepRunner, batch: number, steps: number) {
  const losses: number[] = [];
  for (let step = 1; step <= steps; step += 1) losses.push((await runner.step(stepInputs(batch, step))).loss.data[0]);
  return { losses, state: await runner.readState() };
}

describe('a compiled training step', () => {
  it.each([4, 16])(
    'agrees with the eager one at batch %i: loss 1e-6, gradients and state 1e-5 relative',
    async (batch) => {
      const options = { step: trainStep, state: initialState() };
      const eager = await eagerRunner(options);
      const compiled = await compiledRunner({ executor: await testExecutor() })(options);
      const wanted = await advance(eager, batch, 1);
      const got = await advance(compiled, batch, 1);
      expect(Math.abs(got.losses[0] - wanted.losses[0])).toBeLessThan(1e-6 * wanted.losses[0]);
      for (const role of Object.keys(wanted.state)) {
        for (const [name, tensor] of Object.entries(wanted.state[role])) {
          // The first moment of the first step is a tenth of the gradient.
          expect(relativeError(got.state[role][name].data, tensor.data), `${role}.${name}`).toBeLessThan(1e-5);
          expect(got.state[role][name].shape).toEqual(tensor.shape);
        }
      }
      eager.dispose();
      compiled.dispose();
    },
  );

  it('advances its state in place: the same steps give the same bits', async () => {
    const run = async () => {
      const runner = await compiledRunner({ executor: await testExecutor() })({
        step: trainStep,
        state: initialState(),
      });
      const result = await advance(runner, 2, 5);
      runner.dispose();
      return result;
    };
    expect(await run()).toEqual(await run());
  });

  it('goes on bit for bit from a state that was read', async () => {
    const factory = compiledRunner({ executor: await testExecutor() });
    const whole = await factory({ step: trainStep, state: initialState() });
    for (const step of [1, 2]) await whole.step(stepInputs(2, step));
    const resumed = await factory({ step: trainStep, state: await whole.readState() });
    const inputs = stepInputs(2, 3);
    expect(await resumed.step(inputs)).toEqual(await whole.step(inputs));
    expect(await resumed.readState()).toEqual(await whole.readState());
    whole.dispose();
    resumed.dispose();
  });

  it('goes on from replaced groups bit for bit as a fresh runner does, without compiling again', async () => {
    const executor = await testExecutor();
    let opened = 0;
    const open: typeof executor.open = (...args) => {
      opened += 1;
      return executor.open(...args);
    };
    const factory = compiledRunner({ executor: { ...executor, open } });
    const first = await factory({ step: trainStep, state: initialState() });
    for (const step of [1, 2]) await first.step(stepInputs(2, step));
    const state = await first.readState();
    const second = await factory({ step: trainStep, state: initialState() });
    await second.step(stepInputs(2, 7));
    await second.replace({ state });
    const inputs = stepInputs(2, 3);
    expect(await second.step(inputs)).toEqual(await first.step(inputs));
    expect(opened).toBe(2);
    expect(await second.readState()).toEqual(await first.readState());
    first.dispose();
    second.dispose();
  });

  it('replaces one group of the state and the frozen weights, before and after the first step', async () => {
    const of = (...numbers: number[]) => ({ w: hostTensor(Float32Array.from(numbers)) });
    const runner = await compiledRunner({ executor: await testExecutor() })({
      step: ({ a, b }, { teacher }) => ({
        state: { a: { w: tf.add(a.w, teacher.w) }, b: { w: tf.add(b.w, 1) } },
        outputs: {},
      }),
      state: { a: of(1, 2), b: of(0) },
      frozen: { teacher: of(10, 20) },
    });
    await runner.replace({ state: { a: of(3, 4) } });
    await runner.step({});
    expect(await runner.readState()).toEqual({ a: of(13, 24), b: of(1) });
    const teacher = of(100, 200);
    await runner.replace({ state: { b: of(5) }, frozen: { teacher } });
    teacher.w.data.fill(0);
    await runner.step({});
    expect(await runner.readState()).toEqual({ a: of(113, 224), b: of(6) });
    await expect(runner.replace({ state: { a: of(1) } })).rejects.toThrow(/is float32\[1\], expected float32\[2\]/);
    await expect(runner.replace({ frozen: { other: of(1) } })).rejects.toThrow(/no group "other", expected teacher\./);
    expect(await runner.readState()).toEqual({ a: of(113, 224), b: of(6) });
    runner.dispose();
  });

  it('reads frozen weights, leaves the caller its arrays and the backend no tensors', async () => {
    const state = { a: { w: hostTensor(Float32Array.of(1, 2)) } };
    const { leaked } = await countLeaks(async () => {
      const runner = await compiledRunner({ executor: await testExecutor() })({
        step: ({ a }, { teacher }, { by }) => ({
          state: { a: { w: tf.add(a.w, tf.mul(teacher.w, by)) } },
          outputs: { sum: tf.sum(a.w) },
        }),
        state,
        frozen: { teacher: { w: hostTensor(Float32Array.of(10, 20)) } },
      });
      expect((await runner.step({ by: hostTensor(Float32Array.of(1), []) })).sum.data[0]).toBe(3);
      expect((await runner.step({ by: hostTensor(Float32Array.of(1, 2)) })).sum.data[0]).toBe(33);
      expect(Array.from((await runner.readState()).a.w.data)).toEqual([21, 62]);
      expect(runner.description).toMatch(/^compiled for ONNX Runtime/);
      runner.dispose();
    });
    expect(leaked).toBe(0);
    expect(Array.from(state.a.w.data)).toEqual([1, 2]);
  });

  it('hands over groups without tensors', async () => {
    const runner = await compiledRunner({ executor: await testExecutor() })({
      step: ({ a, none }, { nothing }) => {
        const count = Object.keys(none).length + Object.keys(nothing).length;
        return { state: { a: { w: tf.add(a.w, count) }, none: {} }, outputs: {} };
      },
      state: { a: { w: hostTensor(Float32Array.of(1)) }, none: {} },
      frozen: { nothing: {} },
    });
    await runner.step({});
    expect(await runner.readState()).toMatchObject({ a: { w: { shape: [1] } }, none: {} });
    runner.dispose();
  });

  it('refuses a step that loses state or changes its shape', async () => {
    const state = { a: { w: hostTensor(Float32Array.of(1, 2)) } };
    const factory = compiledRunner({ executor: await testExecutor() });
    const losing = await factory({ step: () => ({ state: { a: {} }, outputs: {} }), state });
    await expect(losing.step({})).rejects.toThrow('returned no state "a"."w"');
    const changing = await factory({ step: ({ a }) => ({ state: { a: { w: tf.sum(a.w) } }, outputs: {} }), state });
    await expect(changing.step({})).rejects.toThrow('changes from float32[2] to float32[]');
  });
});
