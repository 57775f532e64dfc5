import { UnsortedSegmentSum, util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmCall, WasmKernel } from './wasm-backend';

/** Sums the rows of `x` that share a segment id: the gradient of gather. Rows with a negative id are dropped. */
export const unsortedSegmentSum: WasmKernel = {
  kernelName: UnsortedSegmentSum,
  make: () => segmentSumOnWasm,
};

function segmentSumOnWasm({ inputs: { x, segmentIds }, attrs, backend }: WasmCall): TensorInfo {
  const numSegments = attrs.numSegments as number;
  const outerAxes = segmentIds.shape.length;
  util.assertShapesMatch(
    segmentIds.shape,
    x.shape.slice(0, outerAxes),
    'unsortedSegmentSum: segmentIds must match the leading axes of x. ',
  );
  const rowShape = x.shape.slice(outerAxes);
  const row = util.sizeFromShape(rowShape);
  const out = backend.makeOutput([numSegments, ...rowShape], x.dtype);
  const values = backend.typedArrayFromHeap(x);
  const ids = backend.typedArrayFromHeap(segmentIds);
  const sums = backend.typedArrayFromHeap(out);
  sums.fill(0);
  for (let i = 0; i < ids.length; i += 1) {
    if (ids[i] < 0 || ids[i] >= numSegments) continue;
    const target = ids[i] * row;
    for (let j = 0; j < row; j += 1) sums[target + j] += values[i * row + j];
  }
  return out;
}
