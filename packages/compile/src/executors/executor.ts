import type { ConstantData, DType } from '../graph/node';

/** What a graph runs on; decides how convolutions are lowered. */
export type Target = 'cpu' | 'wasm' | 'webgpu' | 'cuda';

/** A tensor in host memory. */
export interface HostArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ConstantData;
}

/** A tensor of an executor, in host or device memory. */
export interface Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its elements; the executor's own memory where it is host memory, so copy what must last. */
  read(): Promise<ConstantData>;
  dispose(): void;
}

/** A model that is ready to run. */
export interface Session {
  /**
   * Runs the model.
   *
   * @param inputs - in the model's order
   * @param outputs - where to write the results, by position; what is missing is allocated. None may be an input.
   */
  run(inputs: readonly Value[], outputs?: readonly (Value | undefined)[]): Promise<readonly Value[]>;
  dispose(): Promise<void>;
}

/** What one operator of a model was made for. */
export interface Operator {
  /** Its name in the model, which profiles call it by. */
  readonly name: string;
  /** The operation of the traced graph: `conv2dFilterGrad`. */
  readonly op: string;
  /** Floating-point operations, of matrix products and convolutions alone. */
  readonly flops: number;
}

/** Options of {@link Executor.open}. */
export interface OpenOptions {
  /** Number of outputs of the model. */
  readonly outputCount: number;
  /** The outputs, by position, that stay in device memory if the executor has any. */
  readonly keepOnDevice?: readonly number[];
  /** The model's operators, for executors that measure. */
  readonly operators?: readonly Operator[];
}

/** An inference runtime: opens ONNX models and holds their tensors. */
export interface Executor {
  /** One line for people: `ONNX Runtime 1.30 (CPU, 2 threads)`. */
  readonly description: string;
  readonly target: Target;
  /** Channels per block of its blocked convolutions; 0 if it has none. */
  readonly channelBlock: number;
  /** True if results can be written into host memory that the caller allocated. */
  readonly writesInPlace: boolean;
  /** Wraps host data, which is not copied. */
  value(host: HostArray): Value;
  open(model: Uint8Array, options: OpenOptions): Promise<Session>;
}
