import { BatchMatMul, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';
import {
  bytesOf,
  callKernel,
  free,
  withWindow,
  type WasmBackend,
  type WasmCall,
  type WasmKernel,
} from './wasm-backend';

/**
 * Multiply-adds per matrix below which the built-in's plain loops win over setting up one fast product per matrix.
 * Measured: the plain loops do about 1 multiply-add per nanosecond, the set-up costs a few microseconds.
 */
const smallProduct = 4096;

/**
 * Matrix product that transposes first and multiplies one matrix at a time. The built-in hands only a single,
 * untransposed product to its fast path; with a transposed factor or a batch it runs 10 times slower, and those are
 * the gradients of every dense layer and all of attention.
 */
export const batchMatMul: WasmKernel = {
  kernelName: BatchMatMul,
  make: (builtin) => (call) => {
    if (builtin === undefined) return [];
    return multiply(builtin, call);
  },
};

function multiply(builtin: KernelFunc, call: WasmCall): TensorInfo | TensorInfo[] {
  const { a, b } = call.inputs;
  const { transposeA = false, transposeB = false } = call.attrs as { transposeA?: boolean; transposeB?: boolean };
  const batchShape = a.shape.slice(0, -2);
  const batch = batchShape.reduce((product, extent) => product * extent, 1);
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const m = transposeA ? columnsA : rowsA;
  const k = transposeA ? rowsA : columnsA;
  const n = transposeB ? rowsB : columnsB;
  const sameBatch = batchShape.every((extent, axis) => extent === b.shape[axis]) && a.shape.length === b.shape.length;
  const plain = batch === 1 && !transposeA && !transposeB;
  const sizesAgree = k === (transposeB ? columnsB : rowsB) && a.dtype === 'float32' && b.dtype === 'float32';
  // Batch broadcasting, wrong sizes and wrong types are the built-in's to compute or to refuse.
  if (plain || !sameBatch || !sizesAgree || m * n * k < smallProduct) return builtin(call as never);

  const { backend } = call;
  const left = transposeA ? swapLastAxes(backend, a) : a;
  const right = transposeB ? swapLastAxes(backend, b) : b;
  const out = backend.makeOutput([...batchShape, m, n], 'float32');
  const product = backend.wasm.cwrap(BatchMatMul, null, productSignature);
  const leftShape = bytesOf([1, m, k]);
  const rightShape = bytesOf([1, k, n]);
  const id = (info: TensorInfo): number => backend.dataIdMap.get(info.dataId).id;
  for (let i = 0; i < batch; i += 1) {
    withWindow(backend, left, i * m * k, [1, m, k], (leftMatrix) =>
      withWindow(backend, right, i * k * n, [1, k, n], (rightMatrix) =>
        withWindow(backend, out, i * m * n, [1, m, n], (outMatrix) => {
          product(id(leftMatrix), leftShape, 3, id(rightMatrix), rightShape, 3, 0, 0, id(outMatrix));
        }),
      ),
    );
  }
  if (transposeA) free(backend, left);
  if (transposeB) free(backend, right);
  return out;
}

const productSignature = ['number', 'array', 'number', 'number', 'array', 'number', 'number', 'number', 'number'];

function swapLastAxes(backend: WasmBackend, x: TensorInfo): TensorInfo {
  const perm = x.shape.map((_, axis) => axis);
  const last = perm.length - 1;
  perm[last] = last - 1;
  perm[last - 1] = last;
  return callKernel(backend, 'Transpose', { x }, { perm });
}
