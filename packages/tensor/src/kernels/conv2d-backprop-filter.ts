import { Conv2DBackpropFilter, type TensorInfo } from '@tensorflow/tfjs-core';
import { conv2DGeometry, inside, type Conv2DGeometry } from './conv2d-geometry';
import { copyBox, rowMajorStrides } from './copy-box';
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
 * Output pixels per matrix product, at most. Measured: longer products leave the cache (13 instead of 19 GFLOP/s at 25,000),
 * shorter ones pay more for setting up.
 */
const pixelsPerProduct = 6272;

/** Floats of the patch matrix, at most (32 MiB): what wide layers may take of the heap. */
const patchFloats = 8 * 1024 * 1024;

/**
 * Gradient of conv2d with respect to its filter (tfjs-backend-wasm has none), as matrix products of patches:
 *
 *     dFilter[i,j,ci,co] = sum over b,h,w of x[b, i + h stride - top, j + w stride - left, ci] dy[b,h,w,co]
 *
 * The patches of some rows or images are gathered tap by tap, each transposed into its rows of the left factor, and multiplied
 * with dy where it lies; the products of all parts are added. Steadier and faster than the convolution with batch and
 * channels exchanged, whatever the size, stride and padding.
 */
export const conv2DBackpropFilter: WasmKernel = {
  kernelName: Conv2DBackpropFilter,
  make: () => filterGradient,
};

/** Output rows `row ... row + rows` of images `image ... image + images`; several images only if all rows are in. */
interface Part {
  readonly image: number;
  readonly images: number;
  readonly row: number;
  readonly rows: number;
}

function filterGradient({ inputs: { x, dy }, attrs, backend }: WasmCall): TensorInfo {
  return byPatches(backend, x, dy, conv2DGeometry(x.shape, attrs.filterShape as number[], attrs));
}

function byPatches(backend: WasmBackend, x: TensorInfo, dy: TensorInfo, geometry: Conv2DGeometry): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
  let total: TensorInfo | undefined;
  for (const part of partsOf(geometry)) {
    const pixels = part.images * part.rows * outWidth;
    const a = transposedPatches(backend, x, geometry, part);
    const start = (part.image * outHeight + part.row) * outWidth * outChannels;
    const product = withWindow(backend, dy, start, [pixels, outChannels], (b) =>
      callKernel(backend, 'BatchMatMul', { a, b }, { transposeA: false, transposeB: false }),
    );
    free(backend, a);
    if (total === undefined) total = product;
    else {
      const sum = callKernel(backend, 'Add', { a: total, b: product });
      free(backend, total, product);
      total = sum;
    }
  }
  const shape = [filterHeight, filterWidth, inChannels, outChannels];
  if (total !== undefined) return { ...total, shape };
  const zeros = backend.makeOutput(shape, 'float32');
  backend.typedArrayFromHeap(zeros).fill(0);
  return zeros;
}

function partsOf(geometry: Conv2DGeometry): Part[] {
  const { batch, outHeight, outWidth, filterHeight, filterWidth, inChannels } = geometry;
  const pixels = Math.min(pixelsPerProduct, patchFloats / (filterHeight * filterWidth * inChannels));
  const rowsAtOnce = Math.max(1, Math.floor(pixels / outWidth));
  const imagesAtOnce = Math.max(1, Math.floor(rowsAtOnce / outHeight));
  const parts: Part[] = [];
  for (let image = 0; image < batch; image += imagesAtOnce) {
    const images = Math.min(imagesAtOnce, batch - image);
    for (let row = 0; row < outHeight; row += rowsAtOnce) {
      parts.push({ image, images, row, rows: Math.min(rowsAtOnce, outHeight - row) });
    }
  }
  return parts;
}

/** The matrix `[kh kw Ci, pixels]` of what the filter sees at each output pixel; zero where it sees padding. */
function transposedPatches(backend: WasmBackend, x: TensorInfo, geometry: Conv2DGeometry, part: Part): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outWidth } = geometry;
  const pixels = part.images * part.rows * outWidth;
  const out = backend.makeOutput([filterHeight * filterWidth * inChannels, pixels], 'float32');
  // One tap at a time: a block of this size is still in the cache when it is transposed.
  const tap = backend.makeOutput([pixels, inChannels], 'float32');
  const transpose = backend.wasm.cwrap('Transpose', null, transposeSignature);
  const tapShape = bytesOf([pixels, inChannels]);
  const swap = bytesOf([1, 0]);
  const id = (info: TensorInfo): number => backend.dataIdMap.get(info.dataId).id;
  for (let i = 0; i < filterHeight; i += 1) {
    for (let j = 0; j < filterWidth; j += 1) {
      copyTap(backend, x, tap, geometry, part, i, j);
      withWindow(backend, out, (i * filterWidth + j) * inChannels * pixels, [inChannels, pixels], (rows) => {
        transpose(id(tap), tapShape, 2, float32Code, id(rows), swap, 2);
      });
    }
  }
  free(backend, tap);
  return out;
}

/** `tap[b,h,w,:] = x[b, i + h stride - top, j + w stride - left, :]` for the rows and images of one part. */
function copyTap(
  backend: WasmBackend,
  x: TensorInfo,
  tap: TensorInfo,
  geometry: Conv2DGeometry,
  part: Part,
  i: number,
  j: number,
): void {
  const { inChannels, outWidth, strideHeight, strideWidth, top, left } = geometry;
  const y = i - top + part.row * strideHeight;
  const rows = inside(part.rows, strideHeight, y, geometry.inHeight);
  const columns = inside(outWidth, strideWidth, j - left, geometry.inWidth);
  const to = backend.typedArrayFromHeap(tap);
  if (rows.count < part.rows || columns.count < outWidth) to.fill(0);
  const [image, row, column] = rowMajorStrides(x.shape);
  copyBox(
    backend.typedArrayFromHeap(x),
    part.image * image + (y + rows.first * strideHeight) * row + (j - left + columns.first * strideWidth) * column,
    [image, row * strideHeight, column * strideWidth, 1],
    to,
    (rows.first * outWidth + columns.first) * inChannels,
    [part.rows * outWidth * inChannels, outWidth * inChannels, inChannels, 1],
    [part.images, rows.count, columns.count, inChannels],
  );
}

/** xId, shape, rank, type, outId, permutation, its length; and the number of float32 among the types of the C++ side. */
const transposeSignature = ['number', 'array', 'number', 'number', 'number', 'array', 'number'];
const float32Code = 0;
