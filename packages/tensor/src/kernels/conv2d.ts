import { Conv2D } from '@tensorflow/tfjs-core';
import { conv2DGeometry } from './conv2d-geometry';
import type { WasmKernel } from './wasm-backend';

/**
 * Conv2D with 'same' padding spelled out where a filter is smaller than its stride: there the built-in computes a
 * negative padding in unsigned arithmetic, gives wrong numbers and writes outside its output.
 */
export const conv2D: WasmKernel = {
  kernelName: Conv2D,
  make: (builtin) => (call) => {
    if (builtin === undefined) return [];
    const { x, filter } = call.inputs;
    if (call.attrs.pad !== 'same' || call.attrs.dataFormat === 'NCHW') return builtin(call as never);
    const geometry = conv2DGeometry(x.shape, filter.shape, call.attrs);
    const { filterHeight, filterWidth, strideHeight, strideWidth, top, left, bottom, right } = geometry;
    if (filterHeight >= strideHeight && filterWidth >= strideWidth) return builtin(call as never);
    const pad = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    return builtin({ ...call, attrs: { ...call.attrs, pad } });
  },
};
