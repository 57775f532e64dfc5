import * as tf from '@tensorflow/tfjs-core';
import { batchMatMul } from './batch-mat-mul';
import { cast } from './cast';
import { clipByValue } from './clip-by-value';
import { conv2D } from './conv2d';
import { conv2DBackpropFilter } from './conv2d-backprop-filter';
import { conv2DBackpropInput } from './conv2d-backprop-input';
import { identity } from './identity';
import { mean, sum } from './reduce';
import { registerReductionGradients } from './reduction-gradients';
import { slice, splitV } from './slice';
import { tile } from './tile';
import { unsortedSegmentSum } from './unsorted-segment-sum';
import type { WasmKernel } from './wasm-backend';

const kernels: readonly WasmKernel[] = [
  batchMatMul,
  cast,
  clipByValue,
  conv2D,
  conv2DBackpropFilter,
  conv2DBackpropInput,
  identity,
  mean,
  slice,
  splitV,
  sum,
  tile,
  unsortedSegmentSum,
];

/** Marks the kernel functions of this package, so that a second registration does not wrap the first. */
const ours = new WeakSet<object>();

/** Adds the kernels that tfjs-backend-wasm lacks and replaces those that are slow or wrong. Does nothing the second time. */
export function registerWasmKernels(): void {
  for (const { kernelName, make } of kernels) {
    const builtin = tf.getKernel(kernelName, 'wasm') as tf.KernelConfig | undefined;
    if (builtin !== undefined && ours.has(builtin.kernelFunc)) continue;
    const kernelFunc = make(builtin?.kernelFunc) as unknown as tf.KernelFunc;
    ours.add(kernelFunc);
    if (builtin !== undefined) tf.unregisterKernel(kernelName, 'wasm');
    // The built-in's set-up binds its wasm function, which ours may still call.
    tf.registerKernel({ ...builtin, kernelName, backendName: 'wasm', kernelFunc });
  }
  registerReductionGradients();
}
