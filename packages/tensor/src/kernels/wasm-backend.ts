import * as tf from '@tensorflow/tfjs-core';
import { OnestepError } from '../errors';

/** What the wasm backend keeps per data bucket. */
interface WasmBucket {
  readonly id: number;
  readonly memoryOffset: number;
}

/** The parts of tfjs-backend-wasm 4.22's backend object that the kernels of this folder touch. */
export interface WasmBackend extends tf.KernelBackend {
  readonly wasm: {
    readonly HEAPU8: Uint8Array;
    readonly tfjs: { disposeData(id: number): void };
    cwrap(name: string, result: null, parameters: readonly string[]): (...values: unknown[]) => void;
  };
  readonly dataIdMap: { get(dataId: object): WasmBucket; delete(dataId: object): boolean };
  /** Allocates, or with `memoryOffset` wraps memory that exists already. */
  makeOutput(shape: readonly number[], dtype: tf.DataType, memoryOffset?: number): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
}

/** One kernel of this folder; `builtin` is what tfjs-backend-wasm registered under the name, if anything. */
export interface WasmKernel {
  readonly kernelName: string;
  readonly make: (builtin: tf.KernelFunc | undefined) => (call: WasmCall) => tf.TensorInfo | tf.TensorInfo[];
}

/** The arguments of one kernel call. */
export interface WasmCall {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: WasmBackend;
}

/**
 * Calls a registered wasm kernel below the engine: no tape, no scope, so the caller frees the result.
 *
 * @throws {@link OnestepError} `unsupported` if this copy of the backend lacks the kernel
 */
export function callKernel(
  backend: WasmBackend,
  name: string,
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  attrs: Readonly<Record<string, unknown>> = {},
): tf.TensorInfo {
  const kernel = tf.getKernel(name, 'wasm') as tf.KernelConfig | undefined;
  if (kernel === undefined) {
    throw new OnestepError('unsupported', `wasm: the kernel ${name} is missing in this tfjs-backend-wasm.`);
  }
  return kernel.kernelFunc({
    inputs: inputs,
    attrs: attrs as unknown as tf.NamedAttrMap,
    backend,
  }) as tf.TensorInfo;
}

/** A second name for the same data with another shape of equal size; release it with {@link free}. */
export function alias(backend: WasmBackend, info: tf.TensorInfo, shape: readonly number[]): tf.TensorInfo {
  backend.incRef(info.dataId);
  return { dataId: info.dataId, shape: [...shape], dtype: info.dtype };
}

/** Gives back one reference of each; the memory goes with the last. */
export function free(backend: WasmBackend, ...infos: readonly tf.TensorInfo[]): void {
  for (const info of infos) backend.disposeData(info.dataId);
}

/**
 * Runs `body` on a window of another tensor's memory, without a copy.
 *
 * @param info - float32 tensor that stays alive while `body` runs
 * @param start - first element of the window
 * @param shape - shape of the window
 */
export function withWindow<T>(
  backend: WasmBackend,
  info: tf.TensorInfo,
  start: number,
  shape: readonly number[],
  body: (window: tf.TensorInfo) => T,
): T {
  const { memoryOffset } = backend.dataIdMap.get(info.dataId);
  const window = backend.makeOutput(shape, 'float32', memoryOffset + 4 * start);
  try {
    return body(window);
  } finally {
    // Not disposeData: that would free the middle of somebody else's allocation.
    backend.wasm.tfjs.disposeData(backend.dataIdMap.get(window.dataId).id);
    backend.dataIdMap.delete(window.dataId);
  }
}

/** Integers as the wasm functions take lists of them. */
export function bytesOf(integers: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(integers).buffer);
}
