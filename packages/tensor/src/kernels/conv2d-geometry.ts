import { backend_util } from '@tensorflow/tfjs-core';
import { OnestepError } from '../errors';
import type { WasmCall } from './wasm-backend';

/** Sizes of one convolution `[B,H,W,Ci] * [kh,kw,Ci,Co] -> [B,Ho,Wo,Co]`; with its padding. */
export interface Conv2DGeometry {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Reads the geometry of the forward convolution from the attributes of the kernel or of one of its gradients.
 *
 * @throws {@link OnestepError} `unsupported` for channels-first data
 */
export function conv2DGeometry(
  inShape: readonly number[],
  filterShape: readonly number[],
  attrs: WasmCall['attrs'],
): Conv2DGeometry {
  if (attrs.dataFormat === 'NCHW') {
    throw new OnestepError('unsupported', 'wasm: conv2d needs dataFormat NHWC, got NCHW.');
  }
  const info = backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides as number | [number, number],
    (attrs.dilations ?? 1) as number | [number, number],
    attrs.pad as 'same' | 'valid' | number | backend_util.ExplicitPadding,
    attrs.dimRoundingMode as 'floor' | 'round' | 'ceil' | undefined,
  );
  return {
    batch: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    inChannels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    top: info.padInfo.top,
    bottom: info.padInfo.bottom,
    left: info.padInfo.left,
    right: info.padInfo.right,
  };
}

/** Indices i in [0, length) with 0 <= before + i stride < extent. */
export function inside(
  length: number,
  stride: number,
  before: number,
  extent: number,
): { readonly first: number; readonly count: number } {
  const first = Math.max(0, Math.ceil(-before / stride));
  const last = Math.min(length - 1, Math.floor((extent - 1 - before) / stride));
  return { first, count: Math.max(0, last - first + 1) };
}
