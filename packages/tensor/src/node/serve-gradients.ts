import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { OnestepError } from '../errors';
import type { HostTensor } from '../params/host-tensor';
import type { Params } from '../params/params';
import type { HostRecord, PartGradients } from '../step/parallel-runner';
import type { StepParts, StepRunner, StepRunnerFactory } from '../step/step';
import { copyOfShared } from './shared-tensors';
import type { WorkerAnswer, WorkerRequest, WorkerStart } from './worker-crew';

/** What a worker of a crew works with, made from what it was told. */
export interface GradientService {
  readonly gradients: StepParts['gradients'];
  /** What executes them; its steps have no state. */
  readonly runnerFactory: StepRunnerFactory;
}

const weightsPrefix = 'weights:';
const perImagePrefix = 'perImage:';
const meanPrefix = 'mean:';

/**
 * Answers a `workerCrew` from inside one of its workers, until the worker is ended.
 *
 * @param make - makes the step's first half from the crew's `data`
 * @throws {@link TypeError} outside of a worker thread
 */
export async function serveGradients(make: (data: unknown) => Promise<GradientService>): Promise<void> {
  const port = parentPort;
  if (port === null) throw new TypeError('serveGradients: this is no worker thread.');
  const { data, weights: sharedWeights, frozen: sharedFrozen } = workerData as WorkerStart;
  const answer = (message: WorkerAnswer, transfer: readonly ArrayBuffer[] = []): void => {
    port.postMessage(message, [...transfer]);
  };
  try {
    const { gradients, runnerFactory } = await make(data);
    const weights = copyOfShared(sharedWeights);
    const frozen = copyOfShared(sharedFrozen);
    const runner = await runnerFactory({ step: weightsAsInputs(gradients), state: {}, frozen: frozen.groups });
    listen(
      port,
      async (request) => {
        if (request.kind === 'frozen') {
          frozen.refresh();
          await runner.replace({ frozen: frozen.groups });
          answer({ kind: 'frozen' });
          return;
        }
        weights.refresh();
        const result = await gradientsOf(runner, weights.groups, request.inputs);
        const tensors = [...Object.values(result.perImage), ...Object.values(result.means)];
        answer({ kind: 'gradients', result }, [...new Set(tensors.map(({ data: own }) => own.buffer as ArrayBuffer))]); // prettier-ignore
      },
      answer,
    );
    answer({ kind: 'ready', description: runner.description });
  } catch (error) {
    answer(describeError(error));
  }
}

function listen(
  port: MessagePort,
  serve: (request: WorkerRequest) => Promise<void>,
  answer: (message: WorkerAnswer) => void,
): void {
  port.on('message', (request: WorkerRequest) => {
    serve(request).catch((error: unknown) => answer(describeError(error)));
  });
}

/** The first half as a step without state: its weights are inputs, `weights:GROUP/NAME`. */
function weightsAsInputs(gradients: StepParts['gradients']): Parameters<StepRunnerFactory>[0]['step'] {
  return (_, frozen, inputs) => {
    const weights: Record<string, Record<string, Params[string]>> = {};
    const others: Record<string, Params[string]> = {};
    for (const [name, tensor] of Object.entries(inputs)) {
      const at = name.indexOf('/');
      if (!name.startsWith(weightsPrefix)) others[name] = tensor;
      else (weights[name.slice(weightsPrefix.length, at)] ??= {})[name.slice(at + 1)] = tensor;
    }
    const { perImage, means } = gradients(weights, frozen, others);
    return { state: {}, outputs: { ...prefixed(perImagePrefix, perImage), ...prefixed(meanPrefix, means) } };
  };
}

async function gradientsOf(
  runner: StepRunner,
  weights: Readonly<Record<string, HostRecord>>,
  inputs: HostRecord,
): Promise<PartGradients> {
  const named = Object.entries(weights).map(([group, tensors]) => prefixed(`${weightsPrefix}${group}/`, tensors));
  const outputs = await runner.step(Object.assign({ ...inputs }, ...named) as HostRecord);
  return { perImage: without(perImagePrefix, outputs), means: without(meanPrefix, outputs) };
}

function prefixed<T>(prefix: string, record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [prefix + name, value]));
}

function without(prefix: string, record: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
  const own = Object.entries(record).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

function describeError(error: unknown): WorkerAnswer {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof OnestepError)) return { kind: 'error', message };
  return { kind: 'error', message, code: error.code, details: error.details };
}
