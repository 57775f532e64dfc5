import { constant } from '../../graph/constant';
import type { Window2D } from '../../graph/linear';
import type { Node } from '../../graph/node';
import { gather, pad, reshape } from '../../graph/shape-ops';

/** The row or column that a tap reads for an output row or column; outside the image means zero. */
export type Source = (at: number, tap: number, axis: 0 | 1) => number;

/** Where a convolution reads. */
export const forwardSource =
  ({ strides, dilations, pads }: Window2D): Source =>
  (at, tap, axis) =>
    at * strides[axis] + tap * dilations[axis] - pads[axis];

/** Where the input's gradient reads: the output position that used input `at` through this tap, if there is one. */
export const backwardSource =
  ({ strides, dilations, pads }: Window2D): Source =>
  (at, tap, axis) => {
    const position = (at + pads[axis] - tap * dilations[axis]) / strides[axis];
    return Number.isInteger(position) ? position : -1;
  };

/** True if a window reads one position and every position once: then a convolution is a matrix product. */
export function isPointwise(filter: readonly number[], { strides, pads }: Window2D): boolean {
  return filter[0] * filter[1] === 1 && strides.every((stride) => stride === 1) && pads.every((side) => side === 0);
}

/** The patches under a window as one gather over positions: `[B, H, W, C]` to `[B, positions, taps, C]`. */
export function gatherPatches(
  x: Node,
  [outHeight, outWidth]: readonly [number, number],
  [kernelHeight, kernelWidth]: readonly number[],
  source: Source,
): Node {
  const [batch, height, width, channels] = x.shape;
  const zeroRow = height * width;
  const rows = new Int32Array(outHeight * outWidth * kernelHeight * kernelWidth);
  let next = 0;
  let outside = false;
  for (let i = 0; i < outHeight; i += 1) {
    for (let j = 0; j < outWidth; j += 1) {
      for (let k = 0; k < kernelHeight; k += 1) {
        for (let l = 0; l < kernelWidth; l += 1) {
          const row = source(i, k, 0);
          const column = source(j, l, 1);
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          outside ||= !inside;
          rows[next++] = inside ? row * width + column : zeroRow;
        }
      }
    }
  }
  const positions = reshape(x, [batch, height * width, channels]);
  const padded = outside ? pad(positions, [0, 0, 0], [0, 1, 0]) : positions;
  return gather(padded, constant(rows, [outHeight * outWidth, kernelHeight * kernelWidth], 'int32'), 1);
}
