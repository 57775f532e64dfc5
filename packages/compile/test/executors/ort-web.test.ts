import { after, eagerRunner, tf, useBackend, type StepRunner, type Tensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, compiledRunner, exportOnnx, ortWeb, type Executor } from '../../src/index';
import { expectAgreement, expectClose, randomTensor } from '../support/agree';
import { initialState, network, stepInputs, trainStep } from '../support/unet-step';

let web: Executor;

/** As {@link web}, and remembers the models that were opened, as text. */
function watched(): { readonly executor: Executor; readonly models: string[] } {
  const models: string[] = [];
  const open: Executor['open'] = (model, options) => {
    models.push(new TextDecoder('latin1').decode(model));
    return web.open(model, options);
  };
  return { executor: { ...web, open }, models };
}

/** Operators of one type in a model: field 4 of an operator is its type. */
function count(model: string, opType: string): number {
  return model.split(`\x22${String.fromCharCode(opType.length)}${opType}`).length - 1;
}

async function advance(runner: StepRunner, batch: number, steps: number) {
  const losses: number[] = [];
  for (let step = 1; step <= steps; step += 1) losses.push((await runner.step(stepInputs(batch, step))).loss.data[0]);
  const state = await runner.readState();
  runner.dispose();
  return { losses, state };
}

beforeAll(async () => {
  await useBackend('cpu');
  web = await ortWeb({ provider: 'wasm', threads: 1 });
});

describe('ONNX Runtime in WebAssembly', () => {
  it('says what it is, and copies results out', () => {
    expect(web.description).toMatch(/^ONNX Runtime \d+\.\d+ \(wasm, 1 thread\)$/);
    expect({ target: web.target, writesInPlace: web.writesInPlace }).toEqual({ target: 'wasm', writesInPlace: false });
  });

  it('is what is chosen for the wasm provider in Node', async () => {
    const compiled = await compile((x: Tensor) => tf.exp(x), [tf.scalar(0)], { executor: { provider: 'wasm' } });
    expect(compiled.description).toBe(web.description);
    expect((await compiled(tf.scalar(0))).dataSync()).toEqual(Float32Array.of(1));
    await compiled.dispose();
  });

  it('trains as eager TensorFlow.js does, with the shapes of large values hidden: loss 1e-6, state 1e-5', async () => {
    const options = { step: trainStep, state: initialState() };
    const { executor, models } = watched();
    const wanted = await advance(await eagerRunner(options), 8, 1);
    const got = await advance(await compiledRunner({ executor })(options), 8, 1);
    expect(Math.abs(got.losses[0] - wanted.losses[0])).toBeLessThan(1e-6 * wanted.losses[0]);
    for (const [role, group] of Object.entries(wanted.state)) {
      for (const [name, { data, shape }] of Object.entries(group)) {
        const scale = Math.max(...Array.from(data, Math.abs), 1e-12);
        const relative = (values: ArrayLike<number>): number[] => Array.from(values, (value) => value / scale);
        expectClose(relative(got.state[role][name].data), relative(data), 1e-5, `${role}.${name}`);
        expect(got.state[role][name].shape).toEqual(shape);
      }
    }
    // The zero that hides shapes comes out of an input.
    expect(models).toHaveLength(1);
    expect(count(models[0], 'IsNaN')).toBeGreaterThan(0);
  });

  it('advances its state step by step: the same steps give the same bits', async () => {
    const run = async () =>
      advance(await compiledRunner({ executor: web })({ step: trainStep, state: initialState() }), 2, 4);
    const first = await run();
    expect(new Set(first.losses).size).toBe(4);
    expect(await run()).toEqual(first);
  });

  it('computes a forward pass, its weights given or constants', async () => {
    const params = Object.fromEntries(
      Object.entries(initialState().student).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
    );
    const args: Parameters<typeof network> = [params, randomTensor([8, 16, 16, 1], 1), tf.exp(randomTensor([8], 2))];
    await expectAgreement(network, args, 1e-5, web);
    const baked = await compile(network, args, { executor: web, constants: [0] });
    const wanted = tf.tidy(() => network(...args));
    expectClose((await baked(...args)).dataSync(), wanted.dataSync(), 1e-5);
    await baked.dispose();
  });

  it.each([
    ['a number', () => tf.scalar(3)],
    ['NaN', () => tf.scalar(NaN)],
    ['infinity', () => tf.tensor1d([Infinity, 1])],
    ['an integer', () => tf.tensor1d([7], 'int32')],
    ['a condition', () => tf.tensor1d([true, false])],
  ])('waits with a Reshape after %s', async (_, dependency) => {
    const { executor, models } = watched();
    const fn = (x: Tensor, d: Tensor): Tensor => tf.add(tf.exp(x), tf.exp(after(x, tf.tile(tf.reshape(d, [-1]), [2]))));
    await expectAgreement(fn, [randomTensor([3, 2], 1), dependency()] as const, 1e-6, executor);
    expect(count(models[0], 'Reshape')).toBeGreaterThan(0);
    expect(count(models[0], 'Where')).toBe(0);
    expect(count(models[0], 'Exp')).toBe(2);
  });

  it('refuses a value of another executor', async () => {
    const session = await web.open(await exportOnnx((x: Tensor) => tf.neg(x), [tf.scalar(1)]), { outputCount: 1 });
    const elsewhere = { dtype: 'float32', shape: [], read: () => Promise.reject(new Error()), dispose: () => undefined } as const; // prettier-ignore
    await expect(session.run([elsewhere])).rejects.toThrow(/a value of another executor/);
    await session.dispose();
  });
});
