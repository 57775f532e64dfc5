import { OnestepError, tf, type Tensor } from '@onestep/tensor';
import { compilationLog } from './debug';
import { chooseExecutor, type ExecutorChoice } from './executors/choose';
import type { Executor, HostArray, Session } from './executors/executor';
import { targetTraits } from './executors/target-traits';
import { dumpGraph } from './graph/dump';
import type { DType, Graph } from './graph/node';
import { nodesOf } from './graph/order';
import { lower } from './lower/lower';
import { convolutionCosts } from './passes/convolutions/costs';
import { optimize } from './passes/optimize';
import { putTogether, takeApart, type Layout } from './trace/records';
import { describeInputs, trace, type TraceInput } from './trace/trace';

/** Options of {@link compile}. */
export interface CompileOptions {
  /** What to run on; default ONNX Runtime's CPU provider in Node, its wasm build elsewhere. */
  readonly executor?: ExecutorChoice | undefined;
  /** Positions of arguments whose example values are baked into the graph; what a call passes there is ignored. */
  readonly constants?: readonly number[] | undefined;
}

/** What one compiled function costs. */
export interface CompileStats {
  /** Nodes recorded, nodes left after the passes, ONNX operators and ONNX constants. */
  readonly tracedNodes: number;
  readonly nodes: number;
  readonly operators: number;
  readonly constants: number;
  /** Size of the model in bytes. */
  readonly modelBytes: number;
  /** Bytes of all inputs and outputs that a call moves. */
  readonly transferBytes: number;
  readonly traceMs: number;
  readonly lowerMs: number;
  readonly sessionMs: number;
  /** Number of input shapes compiled so far. */
  readonly shapes: number;
  /** The optimised graph as text, if asked for. */
  readonly graph?: string;
}

/** A compiled function: the same signature, asynchronous. */
export interface Compiled<Args extends readonly unknown[], Result> {
  (...args: Args): Promise<Result>;
  /** One line for people: what executes it. */
  readonly description: string;
  /** Costs of the most recently used shapes. */
  stats(options?: { readonly graph?: boolean }): CompileStats;
  /** The ONNX model of the most recently used shapes (standard operators only); inputs `i0...`, outputs `o0...`. */
  toOnnx(): Uint8Array;
  /** Frees every session. Calls fail afterwards. */
  dispose(): Promise<void>;
}

/** One traced and opened set of input shapes. */
interface Entry {
  readonly graph: Graph;
  readonly traced: Graph;
  readonly outputs: Layout;
  readonly session: Session;
  readonly stats: Omit<CompileStats, 'shapes' | 'graph'>;
}

/**
 * Traces a pure function of tensors once and runs it as one graph.
 *
 * @param fn - any pure, synchronous function of TensorFlow.js ops, gradients included; arguments and result are tensors
 * in any nesting of records and arrays. What is not a tensor is fixed at compile time.
 * @param exampleInputs - its arguments; only shapes and dtypes matter, save for `constants`. They stay the caller's.
 * @param options - `executor`, `constants`
 * @returns a function that computes the same on the executor; its results are tensors of the current backend, the
 * caller's to dispose. New input shapes are traced when they first appear and kept.
 * @throws OnestepError (`unsupported`) if `fn` reads a tensor's value, uses an op without a lowering or closes over a
 * tensor; (`missing-backend`) if no inference runtime is installed
 */
export async function compile<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  exampleInputs: Args,
  { executor: choice, constants = [] }: CompileOptions = {},
): Promise<Compiled<Args, Result>> {
  const executor = await chooseExecutor(choice);
  const baked = new Map<number, readonly HostArray[]>();
  for (const position of constants) {
    baked.set(position, await Promise.all(takeApart(exampleInputs[position]).tensors.map(readTensor)));
  }
  const entries = new Map<string, Promise<Entry>>();
  let latest = await entryFor(exampleInputs);
  let disposed = false;

  function entryFor(args: Args): Promise<Entry> {
    const parts = args.map((arg) => takeApart(arg));
    const inputs = parts.flatMap(
      ({ tensors }, position): readonly TraceInput[] => baked.get(position) ?? describeInputs(tensors),
    );
    const layout: Layout = { kind: 'list', items: parts.map((part) => part.layout) };
    const key = JSON.stringify([layout, inputs.map(({ shape, dtype }) => [shape, dtype])]);
    const known = entries.get(key) ?? build(executor, (list) => fn(...(list as Args)), layout, inputs);
    entries.set(key, known);
    return known;
  }

  const call = async (...args: Args): Promise<Result> => {
    if (disposed) throw new OnestepError('unsupported', 'compile: this function was disposed.');
    latest = await entryFor(args);
    const { session, outputs } = latest;
    const tensors = args.flatMap((arg, position) => (baked.has(position) ? [] : takeApart(arg).tensors));
    const values = (await Promise.all(tensors.map(readTensor))).map((host) => executor.value(host));
    const results = await session.run(values);
    const uploaded = await Promise.all(
      results.map(async (value) => {
        const tensor = tf.tensor((await value.read()).slice(), [...value.shape], value.dtype);
        value.dispose();
        return tensor;
      }),
    );
    return putTogether(outputs, uploaded) as Result;
  };

  return Object.assign(call, {
    description: executor.description,
    stats({ graph = false }: { readonly graph?: boolean } = {}): CompileStats {
      return { ...latest.stats, shapes: entries.size, ...(graph ? { graph: dumpGraph(latest.graph) } : {}) };
    },
    toOnnx: () => lower(optimize(latest.traced, convolutionCosts('cuda')), { portable: true }).bytes,
    async dispose() {
      disposed = true;
      for (const entry of entries.values()) await (await entry).session.dispose();
      entries.clear();
    },
  });
}

async function build(
  executor: Executor,
  fn: (args: unknown) => unknown,
  layout: Layout,
  inputs: readonly TraceInput[],
): Promise<Entry> {
  const log = compilationLog('compile');
  const started = performance.now();
  const { graph: traced, outputs } = trace(fn, layout, inputs);
  log?.traced(traced);
  const tracedAt = performance.now();
  const graph = optimize(traced, convolutionCosts(executor.target, executor.channelBlock), log?.passed);
  const lowered = lower(graph, targetTraits(executor.target));
  const { bytes, nodes, constants, operators } = lowered;
  log?.lowered(graph, lowered);
  const loweredAt = performance.now();
  const session = await executor.open(bytes, { outputCount: graph.outputs.length, operators });
  log?.opened();
  const moved = [...graph.inputs, ...graph.outputs].reduce(
    (sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1),
    0,
  );
  return {
    graph,
    traced,
    outputs,
    session,
    stats: {
      tracedNodes: nodesOf(traced).length,
      nodes: nodesOf(graph).length,
      operators: nodes,
      constants,
      modelBytes: bytes.length,
      transferBytes: moved,
      traceMs: tracedAt - started,
      lowerMs: loweredAt - tracedAt,
      sessionMs: performance.now() - loweredAt,
    },
  };
}

async function readTensor(tensor: Tensor): Promise<HostArray> {
  const [description] = describeInputs([tensor]);
  return { ...description, data: await tensor.data<DType>() };
}
