import { OnestepError, tf } from '@onestep/tensor';
import { constant, typedArray } from '../graph/constant';
import type { DType, Node } from '../graph/node';
import { atCaller } from './caller';
import { kernels } from './kernels/index';

/** Name under which the symbolic backend is registered with TensorFlow.js. */
export const traceBackendName = 'onestep-trace';

type TensorInfo = tf.TensorInfo;

/**
 * A TensorFlow.js backend that computes nothing: each kernel call makes a node of a graph. Ops, gradients and custom
 * gradients run on it unchanged.
 */
export class TraceBackend extends tf.KernelBackend {
  readonly #nodes = new WeakMap<object, Node>();
  #live = 0;

  /** The node behind a tensor of this backend. */
  nodeOf({ dataId }: TensorInfo, user: string): Node {
    const node = this.#nodes.get(dataId);
    if (node === undefined) {
      throw new OnestepError(
        'unsupported',
        `compile: ${user}${atCaller()} uses a tensor that belongs to another engine (it was made outside the traced function). ` +
          'Pass it as an input, or make it inside with tf.tensor.',
      );
    }
    return node;
  }

  /** A tensor that stands for `node`. */
  tensorOf(node: Node): TensorInfo {
    const dataId = {};
    this.#nodes.set(dataId, node);
    this.#live += 1;
    return { dataId, shape: [...node.shape], dtype: node.dtype };
  }

  override write(values: tf.backend_util.TypedArray, shape: number[], dtype: tf.DataType): object {
    checkDtype(dtype, 'tf.tensor');
    return this.tensorOf(constant(typedArray(dtype, values), [...shape], dtype)).dataId;
  }

  override read(): never {
    return this.readSync();
  }

  override readSync(): never {
    throw new OnestepError(
      'unsupported',
      `compile: a tensor's value is read${atCaller()}, but while a function is traced tensors have none. ` +
        'Compute with tensors only, or read the value outside the compiled function.',
    );
  }

  override disposeData(dataId: object): boolean {
    // Nodes outlive their tensors: the graph holds them.
    if (this.#nodes.delete(dataId)) this.#live -= 1;
    return true;
  }

  override numDataIds(): number {
    return this.#live;
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {
    // Data is never shared between tensors here.
  }
  override move(): void {
    throw new OnestepError('unsupported', `compile: a tensor of another engine is used${atCaller()}.`);
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override timerAvailable(): boolean {
    return false;
  }
  override dispose(): void {
    // Nothing is held outside the graph.
  }
}

/** The symbolic backend, registered with its kernels on first use. */
export function traceBackend(): TraceBackend {
  const existing: unknown = tf.findBackend(traceBackendName);
  if (existing instanceof TraceBackend) return existing;
  const backend = new TraceBackend();
  // Lowest priority: TensorFlow.js must never choose it by itself.
  tf.registerBackend(traceBackendName, () => backend, -1);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: ({ inputs, attrs }) => {
        const nodes: Record<string, Node> = {};
        for (const [name, input] of Object.entries(inputs)) {
          if (input === undefined || input === null) continue;
          nodes[name] = backend.nodeOf(input, kernelName);
        }
        try {
          const result = kernel(nodes, attrs ?? {});
          return Array.isArray(result)
            ? result.map((node: Node) => backend.tensorOf(node))
            : backend.tensorOf(result as Node);
        } catch (error) {
          if (error instanceof OnestepError) throw error;
          throw new OnestepError('unsupported', `compile: ${kernelName}${atCaller()}: ${(error as Error).message}`, {
            cause: error,
          });
        }
      },
    });
  }
  return backend;
}

/** Refuses strings and complex numbers. */
export function checkDtype(dtype: tf.DataType, where: string): asserts dtype is DType {
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw new OnestepError('unsupported', `compile: ${where}${atCaller()} has dtype ${dtype}, which no graph holds.`);
  }
}
