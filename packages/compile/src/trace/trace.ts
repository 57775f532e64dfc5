import { OnestepError, tf, type Tensor } from '@onestep/tensor';
import type { ConstantData, DType, Graph, Node } from '../graph/node';
import { constant } from '../graph/constant';
import { traceBackend, traceBackendName } from './backend';
import { atCaller } from './caller';
import { isTensor, putTogether, takeApart, type Layout } from './records';

/** What is known of one tensor before a trace; with data it enters the graph as a constant. */
export interface TraceInput {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data?: ConstantData | undefined;
}

/** A traced function: its graph and how its outputs nest. */
export interface Trace {
  readonly graph: Graph;
  readonly outputs: Layout;
}

/**
 * Runs a function once on symbolic tensors and returns what it computed as a graph.
 *
 * @param fn - receives the layout filled with symbolic tensors
 * @param layout - nesting of the arguments
 * @param inputs - one per tensor of the layout
 * @throws OnestepError (`unsupported`) if `fn` reads a tensor, uses a kernel that cannot be traced, or closes over a
 * tensor made outside; the message names the op and the line
 */
export function trace(fn: (args: unknown) => unknown, layout: Layout, inputs: readonly TraceInput[]): Trace {
  const backend = traceBackend();
  const engine = tf.engine();
  const previous = engine.backendName;
  // V8 keeps ten frames by default, and TensorFlow.js alone fills them: the caller's line would be cut off.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const nodes = inputs.map(({ shape, dtype, data }): Node =>
    data === undefined ? { op: 'input', inputs: [], attrs: {}, shape, dtype } : constant(data, shape, dtype),
  );
  // Neither call waits for anything: the backend changes and changes back before other code can run.
  void tf.setBackend(traceBackendName);
  engine.startScope('compile');
  try {
    const leaves = nodes.map((node): Tensor => {
      const { dataId, shape, dtype } = backend.tensorOf(node);
      return engine.makeTensorFromTensorInfo({ dataId, shape, dtype }, backend);
    });
    const result = fn(putTogether(layout, leaves));
    if (result instanceof Promise) {
      throw new OnestepError(
        'unsupported',
        'compile: the function returned a promise; only synchronous functions can be traced.',
      );
    }
    const { layout: outputs, tensors } = takeApart(result);
    return {
      graph: {
        inputs: nodes.filter((node) => node.op === 'input'),
        outputs: tensors.map((tensor) => backend.nodeOf(tensor, 'the result')),
      },
      outputs,
    };
  } catch (error) {
    throw explained(error);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    engine.endScope();
    if (previous) void tf.setBackend(previous);
    else forgetBackend(engine);
  }
}

/** Turns the engine's "kernel not registered" into an error that names the op and the line. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof OnestepError) return error;
  const kernel = /Kernel '(\w+)' not registered for backend/.exec(error.message)?.[1];
  if (kernel === undefined) return error;
  return new OnestepError(
    'unsupported',
    `compile: ${kernel}${atCaller(error)} has no lowering. Compose it from ops that have one, or run this function eagerly.`,
    { details: { kernel }, cause: error },
  );
}

/** No backend was chosen before the trace: let the engine choose when it is first asked, as if there had been none. */
function forgetBackend(engine: object): void {
  Object.assign(engine, { backendName: '', backendInstance: null });
}

/** Shapes and dtypes of the tensors of a tree. */
export function describeInputs(tensors: readonly Tensor[]): TraceInput[] {
  return tensors.map((tensor) => {
    if (!isTensor(tensor) || (tensor.dtype !== 'float32' && tensor.dtype !== 'int32' && tensor.dtype !== 'bool')) {
      throw new TypeError(`compile: inputs must be float32, int32 or bool tensors, got ${tensor.dtype}.`);
    }
    return { shape: tensor.shape, dtype: tensor.dtype };
  });
}
