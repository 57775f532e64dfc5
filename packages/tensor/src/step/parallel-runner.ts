import { OnestepError } from '../errors';
import { hostTensor, type HostTensor } from '../params/host-tensor';
import type { Params } from '../params/params';
import type { HostGroups } from './check-groups';
import type { StepParts, StepRunner, StepRunnerFactory } from './step';

/** Tensors in host memory, by name. */
export type HostRecord = Readonly<Record<string, HostTensor>>;

/** What one part of a batch says. */
export interface PartGradients {
  readonly perImage: HostRecord;
  readonly means: HostRecord;
}

/** Copies of the first half of a step that work at once, each on a part of the batch. */
export interface GradientCrew {
  /** One line for people: `2 workers, compiled for ONNX Runtime 1.30 (CPU, 1 thread)`. */
  readonly description: string;
  /** Number of copies, >= 1. */
  readonly size: number;
  /** Puts other values in the place of groups of weights; groups that are not named stay. Not while they work. */
  setWeights(weights: HostGroups): void;
  /** The same for weights that the step only reads. */
  setFrozen(frozen: HostGroups): Promise<void>;
  /** @param parts - inputs of each copy; returns what each says, in the same order */
  gradients(parts: readonly HostRecord[]): Promise<readonly PartGradients[]>;
  dispose(): void;
}

/** Starts a crew whose weights are these; the caller disposes it. */
export type GradientCrewFactory = (options: {
  readonly weights: HostGroups;
  readonly frozen: HostGroups;
}) => Promise<GradientCrew>;

/** Options of {@link parallelRunner}. */
export interface ParallelRunnerOptions {
  /** What computes the gradients. */
  readonly crew: GradientCrewFactory;
  /** What executes the update and holds the state. */
  readonly runnerFactory: StepRunnerFactory;
}

const weightPrefix = 'weights.';

/**
 * Makes runners that divide every batch among the copies of a crew and update the state once, with the mean of their
 * gradients: data-parallel training on one machine.
 *
 * @param options - `crew`, and the `runnerFactory` of the update
 * @returns a factory with the signature of `eagerRunner`. A step differs from an undivided one by rounding; the same
 *   number of copies gives the same bits
 * @throws OnestepError `unsupported` if the step comes without its parts
 * @remarks The state lives in one place; after every update the copies are told the weights alone.
 */
export function parallelRunner({ crew: startCrew, runnerFactory }: ParallelRunnerOptions): StepRunnerFactory {
  return async ({ parts, state, frozen = {} }) => {
    if (parts === undefined) {
      throw new OnestepError('unsupported', 'parallelRunner: this step cannot be divided: it was given without parts.');
    }
    const update = await runnerFactory({ step: updateWithWeights(parts), state });
    try {
      const crew = await startCrew({ weights: pick(state, parts.weights), frozen });
      return new ParallelRunner(crew, update, parts.weights);
    } catch (error) {
      update.dispose();
      throw error;
    }
  };
}

class ParallelRunner implements StepRunner {
  readonly description: string;
  readonly #crew: GradientCrew;
  readonly #update: StepRunner;
  readonly #weights: readonly string[];

  constructor(crew: GradientCrew, update: StepRunner, weights: readonly string[]) {
    this.description = crew.description;
    this.#crew = crew;
    this.#update = update;
    this.#weights = weights;
  }

  async step(inputs: HostRecord): Promise<Record<string, HostTensor>> {
    const results = await this.#crew.gradients(partsOf(inputs, this.#crew.size));
    const scalars = Object.entries(inputs).filter(([, { shape }]) => shape.length === 0);
    const outputs = await this.#update.step({ ...Object.fromEntries(scalars), ...putTogether(results) });
    const weights: Record<string, Record<string, HostTensor>> = {};
    const others: Record<string, HostTensor> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      if (!name.startsWith(weightPrefix)) others[name] = tensor;
      else {
        const [group, own] = splitOnce(name.slice(weightPrefix.length), '/');
        (weights[group] ??= {})[own] = tensor;
      }
    }
    this.#crew.setWeights(weights);
    return others;
  }

  readState(): Promise<Record<string, Record<string, HostTensor>>> {
    return this.#update.readState();
  }

  async replace({ state = {}, frozen = {} }: Parameters<StepRunner['replace']>[0]): Promise<void> {
    await this.#update.replace({ state });
    this.#crew.setWeights(pick(state, this.#weights.filter((name) => Object.hasOwn(state, name)))); // prettier-ignore
    if (Object.keys(frozen).length > 0) await this.#crew.setFrozen(frozen);
  }

  dispose(): void {
    this.#crew.dispose();
    this.#update.dispose();
  }
}

/** The update, whose outputs also hold the weights that it changed. */
function updateWithWeights({ update, weights }: StepParts): StepParts['update'] {
  return (state, frozen, inputs) => {
    const { state: next, outputs } = update(state, frozen, inputs);
    const told: Record<string, Params[string]> = {};
    for (const group of weights) {
      // A group that is handed through unchanged is known already.
      for (const [name, value] of Object.entries(next[group])) {
        if (value !== state[group][name]) told[`${weightPrefix}${group}/${name}`] = value;
      }
    }
    return { state: next, outputs: { ...outputs, ...told } };
  };
}

function partsOf(inputs: HostRecord, count: number): HostRecord[] {
  return Array.from({ length: count }, (_, part) => {
    const own: Record<string, HostTensor> = {};
    for (const [name, { dtype, shape, data }] of Object.entries(inputs)) {
      const [batch] = shape;
      if (shape.length === 0) own[name] = { dtype, shape, data };
      else if (batch % count !== 0) {
        throw new RangeError(`parallelRunner: input "${name}" [${shape.join(', ')}] cannot be divided by ${count}.`);
      } else {
        const size = data.length / count;
        own[name] = {
          dtype,
          shape: [batch / count, ...shape.slice(1)],
          data: data.subarray(part * size, (part + 1) * size),
        };
      }
    }
    return own;
  });
}

function putTogether(results: readonly PartGradients[]): Record<string, HostTensor> {
  const joined: Record<string, HostTensor> = {};
  for (const name of Object.keys(results[0].perImage))
    joined[name] = concatenated(results.map((r) => r.perImage[name]));
  for (const name of Object.keys(results[0].means)) joined[name] = averaged(results.map((r) => r.means[name]));
  return joined;
}

function concatenated(tensors: readonly HostTensor[]): HostTensor {
  const [{ shape, data: first }] = tensors;
  const data = new Float32Array(first.length * tensors.length);
  tensors.forEach((tensor, i) => data.set(tensor.data, i * first.length));
  return hostTensor(data, [shape[0] * tensors.length, ...shape.slice(1)]);
}

/** Sums in the order of the parts and divides at the end, in float32 as a step in slices does. */
function averaged(tensors: readonly HostTensor[]): HostTensor {
  const [{ shape, data: first }, ...others] = tensors;
  const data = Float32Array.from(first);
  for (const { data: other } of others) for (let i = 0; i < data.length; i += 1) data[i] += other[i];
  for (let i = 0; i < data.length; i += 1) data[i] /= tensors.length;
  return hostTensor(data, shape);
}

function pick(groups: HostGroups, names: readonly string[]): HostGroups {
  return Object.fromEntries(names.map((name) => [name, groups[name]]));
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
