import {
  checkSameGroups,
  mapParams,
  OnestepError,
  type HostTensor,
  type Params,
  type StepReplacement,
  type StepRunner,
  type StepRunnerFactory,
  type StepRunnerOptions,
  type StepState,
} from '@onestep/tensor';
import { compilationLog } from './debug';
import { chooseExecutor, type ExecutorChoice } from './executors/choose';
import type { Executor, Session, Value } from './executors/executor';
import { targetTraits } from './executors/target-traits';
import type { Graph } from './graph/node';
import { lower } from './lower/lower';
import { convolutionCosts } from './passes/convolutions/costs';
import { optimize } from './passes/optimize';
import { packState } from './passes/pack-state';
import { StateBuffers, type StatePacking } from './state-buffers';
import { putTogether, type Layout } from './trace/records';
import { trace } from './trace/trace';

/** Options of {@link compiledRunner}. */
export interface CompiledRunnerOptions {
  /** What to run on; default ONNX Runtime's CPU provider in Node, its wasm build elsewhere. */
  readonly executor?: ExecutorChoice | undefined;
}

type HostState = StepRunnerOptions['state'];

/** A step compiled for one set of input shapes. */
interface CompiledStep {
  readonly session: Session;
  /** Names of the step's inputs, in the order of the model's. */
  readonly names: readonly string[];
  readonly outputs: Layout;
  /** How the state lies in the model's first inputs and outputs. */
  readonly packing: StatePacking;
}

/** One tensor of the state by its place in the record. */
interface StateEntry {
  readonly role: string;
  readonly name: string;
  readonly tensor: HostTensor;
}

/**
 * Makes runners that trace a training step on first use and run it as one graph. The state stays with the executor
 * between steps: two sets of buffers take turns as input and output.
 *
 * @param options - `executor`
 * @returns a factory with the signature of `eagerRunner`; the step is traced again for new input shapes
 * @throws OnestepError (`missing-backend`) if no inference runtime is installed, (`unsupported`) if the step cannot be
 * traced: the former when the runner is made, the latter when a step of new input shapes runs
 * @remarks On a CPU executor the same state and inputs give the same bits for the same number of threads.
 */
export function compiledRunner({ executor: choice }: CompiledRunnerOptions = {}): StepRunnerFactory {
  return async (options) => new CompiledRunner(await chooseExecutor(choice), options);
}

class CompiledRunner implements StepRunner {
  readonly description: string;
  readonly #executor: Executor;
  readonly #step: StepRunnerOptions['step'];
  /** Groups of the state, empty ones too. */
  readonly #roles: readonly string[];
  readonly #frozenRoles: readonly string[];
  readonly #entries: readonly StateEntry[];
  readonly #frozenEntries: readonly StateEntry[];
  #frozen: readonly Value[];
  readonly #compiled = new Map<string, Promise<CompiledStep>>();
  #buffers: StateBuffers;

  constructor(executor: Executor, { step, state, frozen = {} }: StepRunnerOptions) {
    this.description = `compiled for ${executor.description}`;
    this.#executor = executor;
    this.#step = step;
    this.#roles = Object.keys(state).sort();
    this.#frozenRoles = Object.keys(frozen).sort();
    this.#entries = entriesOf(state);
    this.#frozenEntries = entriesOf(frozen);
    this.#frozen = this.#frozenEntries.map(({ tensor }) => executor.value(tensor));
    const tensors = this.#entries.map(({ tensor }) => tensor);
    this.#buffers = new StateBuffers(executor, tensors, tensors.map((_, i) => [i])); // prettier-ignore
  }

  async step(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const { session, names, outputs, packing } = await this.#compiledFor(inputs);
    await this.#layOut(packing);
    const fed = names.map((name) => this.#executor.value(inputs[name]));
    const results = await session.run([...this.#buffers.current, ...this.#frozen, ...fed], this.#buffers.spare);
    this.#buffers.advance(results.slice(0, packing.length));
    const read = await Promise.all(results.slice(packing.length).map(takeOut));
    return putTogether(outputs, read) as Record<string, HostTensor>;
  }

  async readState(): Promise<Record<string, Record<string, HostTensor>>> {
    const tensors = await this.#buffers.read(this.#entries.map(({ tensor }) => tensor));
    const entries = this.#entries.map(({ role, name }, i) => ({ role, name, tensor: tensors[i] }));
    return groupsOf(entries, this.#roles);
  }

  async replace({ state = {}, frozen = {} }: StepReplacement): Promise<void> {
    checkSameGroups('replace: state', groupsOf(this.#entries, this.#roles), state);
    checkSameGroups('replace: frozen', groupsOf(this.#frozenEntries, this.#frozenRoles), frozen);
    if (Object.keys(state).length > 0) {
      const { packing } = this.#buffers;
      const tensors = await this.#buffers.read(this.#entries.map(({ tensor }) => tensor));
      const next = this.#entries.map(({ role, name }, i) =>
        Object.hasOwn(state, role) ? state[role][name] : tensors[i],
      );
      this.#buffers.dispose();
      this.#buffers = new StateBuffers(this.#executor, next, packing);
    }
    this.#frozen = this.#frozenEntries.map(({ role, name }, i) => {
      if (!Object.hasOwn(frozen, role)) return this.#frozen[i];
      this.#frozen[i].dispose();
      const { dtype, shape, data } = frozen[role][name];
      return this.#executor.value({ dtype, shape, data: data.slice() });
    });
  }

  dispose(): void {
    this.#buffers.dispose();
    for (const value of this.#frozen) value.dispose();
    for (const compiled of this.#compiled.values()) {
      // A step that failed to compile has no session.
      void compiled.then(({ session }) => session.dispose()).catch(() => undefined);
    }
    this.#compiled.clear();
  }

  /** Moves the state into the buffers that a compiled step expects; after the first step there is nothing to do. */
  async #layOut(packing: StatePacking): Promise<void> {
    if (JSON.stringify(packing) === JSON.stringify(this.#buffers.packing)) return;
    const tensors = await this.#buffers.read(this.#entries.map(({ tensor }) => tensor));
    this.#buffers.dispose();
    this.#buffers = new StateBuffers(this.#executor, tensors, packing);
  }

  #compiledFor(inputs: Readonly<Record<string, HostTensor>>): Promise<CompiledStep> {
    const names = Object.keys(inputs).sort();
    const key = JSON.stringify(names.map((name) => [name, inputs[name].dtype, inputs[name].shape]));
    const known = this.#compiled.get(key) ?? this.#compile(names, inputs);
    this.#compiled.set(key, known);
    return known;
  }

  async #compile(names: readonly string[], inputs: Readonly<Record<string, HostTensor>>): Promise<CompiledStep> {
    const inputLayout: Layout = { kind: 'record', entries: names.map((name) => [name, { kind: 'tensor' }]) };
    const layout: Layout = {
      kind: 'list',
      items: [layoutOf(this.#entries, this.#roles), layoutOf(this.#frozenEntries, this.#frozenRoles), inputLayout],
    };
    const tensors = [
      ...[...this.#entries, ...this.#frozenEntries].map(({ tensor }) => tensor),
      ...names.map((name) => inputs[name]),
    ].map(({ dtype, shape }) => ({ dtype, shape }));
    const call = (args: unknown): unknown => {
      const [state, frozen, batch] = args as [StepState, StepState, Params];
      const result = this.#step(state, frozen, batch);
      return [this.#entries.map((entry) => nextOf(entry, result.state)), result.outputs];
    };
    const log = compilationLog('compiledRunner');
    const traced = trace(call, layout, tensors);
    log?.traced(traced.graph);
    const { target, channelBlock } = this.#executor;
    const optimized = optimize(traced.graph, convolutionCosts(target, channelBlock), log?.passed);
    checkState(this.#entries, optimized);
    const state = this.#entries.map(({ role, name }, i) => ({
      role,
      name,
      input: optimized.inputs[i],
      output: optimized.outputs[i],
    }));
    const { graph, slots } = packState(optimized, state, targetTraits(target));
    log?.passed('packState', graph);
    const lowered = lower(graph, targetTraits(target));
    log?.lowered(graph, lowered);
    const session = await this.#executor.open(lowered.bytes, {
      outputCount: graph.outputs.length,
      keepOnDevice: slots.map((_, i) => i),
      operators: lowered.operators,
    });
    log?.opened();
    const outputs = (traced.outputs as Extract<Layout, { readonly kind: 'list' }>).items[1];
    return { session, names, outputs, packing: slots.map(({ members }) => members) };
  }
}

/** The next value of a state tensor, wherever in the returned record it stands. */
function nextOf({ role, name }: StateEntry, after: StepState): Params[string] {
  const next = (after[role] as Params | undefined)?.[name];
  if (next === undefined) {
    throw new OnestepError('unsupported', `compiledRunner: the step returned no state "${role}"."${name}".`);
  }
  return next;
}

function checkState(entries: readonly StateEntry[], { outputs }: Graph): void {
  entries.forEach(({ role, name, tensor }, i) => {
    const { shape, dtype } = outputs[i];
    if (dtype !== tensor.dtype || shape.join() !== tensor.shape.join()) {
      throw new OnestepError(
        'unsupported',
        `compiledRunner: "${role}"."${name}" changes from ${tensor.dtype}[${tensor.shape.join()}] to ${dtype}[${shape.join()}] in the step.`,
      );
    }
  });
}

function entriesOf(state: HostState): StateEntry[] {
  const sorted = mapParams(state, (group) => mapParams(group, (tensor) => tensor));
  return Object.entries(sorted).flatMap(([role, group]) =>
    Object.entries(group).map(([name, tensor]) => ({ role, name, tensor })),
  );
}

/** Entries by group and name again, groups without tensors too. */
function groupsOf(
  entries: readonly StateEntry[],
  roles: readonly string[],
): Record<string, Record<string, HostTensor>> {
  const groups: Record<string, Record<string, HostTensor>> = Object.fromEntries(roles.map((role) => [role, {}]));
  for (const { role, name, tensor } of entries) groups[role][name] = tensor;
  return groups;
}

function layoutOf(entries: readonly StateEntry[], roles: readonly string[]): Layout {
  const groups = new Map(roles.map((role): [string, [string, Layout][]] => [role, []]));
  for (const { role, name } of entries) {
    groups.set(role, [...(groups.get(role) ?? []), [name, { kind: 'tensor' }]]);
  }
  return { kind: 'record', entries: [...groups].map(([role, leaves]) => [role, { kind: 'record', entries: leaves }]) };
}

async function takeOut(value: Value): Promise<HostTensor> {
  const { dtype, shape } = value;
  if (dtype === 'bool') throw new TypeError('compiledRunner: outputs must be float32 or int32, got bool.');
  const data = ((await value.read()) as HostTensor['data']).slice();
  value.dispose();
  return { dtype, shape, data };
}
