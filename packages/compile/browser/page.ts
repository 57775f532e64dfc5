import { eagerRunner, tf, useBackend, type HostTensor, type StepRunner } from '@onestep/tensor';
import * as ort from 'onnxruntime-web/webgpu';
import { compile, compiledRunner, ortWeb, type OrtWebOptions } from '../src/index';
import { initialState, network, stepInputs, trainStep } from '../test/support/unet-step';

/** What one run in the page found; numbers only, so that it crosses to the test. */
export interface PageResult {
  readonly executor: string;
  readonly isolated: boolean;
  /** |loss - eager loss| / eager loss, after each step. */
  readonly lossErrors: readonly number[];
  /** Largest difference of a tensor of the state after the first step, relative to the largest entry of that tensor. */
  readonly stateError: number;
  /** Largest difference of the network with baked weights, relative to its largest output. */
  readonly networkError: number;
  readonly leakedTensors: number;
}

type Provider = Required<Pick<OrtWebOptions, 'provider' | 'threads'>>;

/** Trains and samples by ONNX Runtime in this page, beside eager TensorFlow.js. */
async function run({ provider, threads }: Provider): Promise<PageResult> {
  await useBackend('cpu');
  const executor = await ortWeb({ provider, threads, ort });
  const options = { step: trainStep, state: initialState() };
  const [eager, compiled] = [await eagerRunner(options), await compiledRunner({ executor })(options)];
  const lossErrors: number[] = [];
  let stateError = 0;
  for (let step = 1; step <= 4; step += 1) {
    const inputs = stepInputs(2, step);
    const wanted = await lossOf(eager, inputs);
    lossErrors.push(Math.abs((await lossOf(compiled, inputs)) - wanted) / wanted);
    if (step === 1) stateError = await stateDifference(eager, compiled);
  }
  eager.dispose();
  compiled.dispose();
  const before = tf.memory().numTensors;
  const networkError = await networkDifference(executor);
  const leakedTensors = tf.memory().numTensors - before;
  return {
    executor: executor.description,
    isolated: crossOriginIsolated,
    lossErrors,
    stateError,
    networkError,
    leakedTensors,
  };
}

async function lossOf(runner: StepRunner, inputs: Record<string, HostTensor>): Promise<number> {
  return (await runner.step(inputs)).loss.data[0];
}

async function stateDifference(one: StepRunner, other: StepRunner): Promise<number> {
  const [wanted, got] = [await one.readState(), await other.readState()];
  return Math.max(
    ...Object.entries(wanted).flatMap(([role, group]) =>
      Object.entries(group).map(([name, { data }]) => relative(data, got[role][name].data)),
    ),
  );
}

async function networkDifference(executor: Awaited<ReturnType<typeof ortWeb>>): Promise<number> {
  const { student } = initialState();
  const params = Object.fromEntries(
    Object.entries(student).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  const { x, sigma } = stepInputs(4, 1);
  const [image, level] = [x, sigma].map(({ data, shape }) => tf.tensor(data, [...shape]));
  const wanted = tf.tidy(() => network(params, image, level));
  const baked = await compile(network, [params, image, level], { executor, constants: [0] });
  const got = await baked(params, image, level);
  const error = relative(await wanted.data(), await got.data());
  await baked.dispose();
  tf.dispose([params, image, level, wanted, got]);
  return error;
}

function relative(wanted: ArrayLike<number>, got: ArrayLike<number>): number {
  const scale = Math.max(...Array.from(wanted, Math.abs), 1e-12);
  return Math.max(...Array.from(wanted, (value, i) => Math.abs(value - got[i]))) / scale;
}

/** Whether this browser lends a GPU, and what it is called. */
async function gpuName(): Promise<string | undefined> {
  const { gpu } = navigator as {
    gpu?: { requestAdapter(): Promise<{ info?: { vendor: string; architecture: string } } | null> };
  };
  const adapter = await gpu?.requestAdapter();
  return adapter === null || adapter === undefined
    ? undefined
    : `${adapter.info?.vendor} ${adapter.info?.architecture}`;
}

Object.assign(globalThis, { onestepRun: run, onestepGpu: gpuName });
