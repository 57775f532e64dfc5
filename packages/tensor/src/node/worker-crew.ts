import { Worker } from 'node:worker_threads';
import { OnestepError, type OnestepErrorCode } from '../errors';
import type { GradientCrew, GradientCrewFactory, HostRecord, PartGradients } from '../step/parallel-runner';
import { shareTensors, writeShared, type SharedTensors } from './shared-tensors';

/** Options of {@link workerCrew}. */
export interface WorkerCrewOptions {
  /** The worker's module, which calls `serveGradients`. */
  readonly file: URL;
  /** What that module is told: anything that can be cloned. */
  readonly data?: unknown;
  /** Number of workers, integer >= 1. */
  readonly size: number;
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly data: unknown;
  readonly weights: SharedTensors;
  readonly frozen: SharedTensors;
}

/** What a worker is asked: gradients of a part, or to take frozen weights anew. */
export type WorkerRequest = { readonly kind: 'gradients'; readonly inputs: HostRecord } | { readonly kind: 'frozen' };

/** What a worker answers. */
export type WorkerAnswer =
  | { readonly kind: 'ready'; readonly description: string }
  | { readonly kind: 'gradients'; readonly result: PartGradients }
  | { readonly kind: 'frozen' }
  | {
      readonly kind: 'error';
      readonly message: string;
      readonly code?: OnestepErrorCode | undefined;
      readonly details?: Readonly<Record<string, unknown>> | undefined;
    };

/**
 * A crew of worker threads. Weights lie in memory that all of them read, gradients are handed over without a copy.
 *
 * @param options - `file`, `data`, `size`
 * @returns a factory for `parallelRunner`
 * @throws {@link RangeError} if `size` is no integer >= 1; starting a crew, and its work, throw what a worker throws
 */
export function workerCrew({ file, data, size }: WorkerCrewOptions): GradientCrewFactory {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`workerCrew: size must be an integer >= 1, got ${size}.`);
  return async ({ weights, frozen }) => {
    const start: WorkerStart = { data, weights: shareTensors(weights), frozen: shareTensors(frozen) };
    const workers = Array.from({ length: size }, () => new Conversation(new Worker(file, { workerData: start })));
    const dispose = (): void => {
      for (const worker of workers) worker.end();
    };
    try {
      const answers = await Promise.all(workers.map((worker) => worker.answer()));
      const [first] = answers;
      const own = first.kind === 'ready' ? first.description : '';
      return crewOf(workers, start, { description: `${size} workers, each ${own}`, dispose });
    } catch (error) {
      dispose();
      throw error;
    }
  };
}

function crewOf(
  workers: readonly Conversation[],
  { weights, frozen }: WorkerStart,
  { description, dispose }: Pick<GradientCrew, 'description' | 'dispose'>,
): GradientCrew {
  const ask = (requests: readonly WorkerRequest[]): Promise<readonly WorkerAnswer[]> =>
    Promise.all(workers.map((worker, i) => worker.ask(requests[i])));
  return {
    description,
    size: workers.length,
    setWeights: (groups) => writeShared(weights, groups),
    async setFrozen(groups) {
      writeShared(frozen, groups);
      await ask(workers.map(() => ({ kind: 'frozen' })));
    },
    async gradients(parts) {
      const answers = await ask(parts.map((inputs) => ({ kind: 'gradients', inputs })));
      return answers.flatMap((answer) => (answer.kind === 'gradients' ? [answer.result] : []));
    },
    dispose,
  };
}

/** One question at a time to one worker. */
class Conversation {
  readonly #worker: Worker;
  #ended: Error | undefined;
  #settle: { resolve: (answer: WorkerAnswer) => void; reject: (error: Error) => void } | undefined;
  /** What came before anybody asked. */
  #early: WorkerAnswer | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: WorkerAnswer) => this.#receive(answer));
    worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', (code) => this.#fail(new Error(`A training worker ended with code ${code}.`)));
  }

  ask(request: WorkerRequest): Promise<WorkerAnswer> {
    const answered = this.answer();
    this.#worker.postMessage(request);
    return answered;
  }

  answer(): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      const early = this.#early;
      this.#early = undefined;
      if (this.#ended !== undefined) reject(this.#ended);
      else this.#settle = { resolve, reject };
      if (early !== undefined) this.#receive(early);
    });
  }

  end(): void {
    this.#ended ??= new Error('The training workers were stopped.');
    void this.#worker.terminate();
  }

  #receive(answer: WorkerAnswer): void {
    const settle = this.#settle;
    this.#settle = undefined;
    if (settle === undefined) this.#early = answer;
    else if (answer.kind === 'error') settle.reject(errorOf(answer));
    else settle.resolve(answer);
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    this.#settle?.reject(error);
    this.#settle = undefined;
  }
}

/** The worker's error: of our own kind, if it was of that kind there. */
function errorOf({ message, code, details }: Extract<WorkerAnswer, { readonly kind: 'error' }>): Error {
  return code === undefined ? new Error(message) : new OnestepError(code, message, { details });
}
