import { constant } from '../../graph/constant';
import { matMul, reduce, standingFor, windowOf, type Window2D } from '../../graph/linear';
import type { Node } from '../../graph/node';
import { gather, pad, reshape, transpose } from '../../graph/shape-ops';
import { forwardSource, gatherPatches, isPointwise } from './patches';

/** Rows of one matrix product: images are grouped up to this many, and products of groups are summed. */
const maxRows = 1024;

/** A product that is part of this gradient. */
const product = (...operands: Parameters<typeof matMul>): Node => standingFor('conv2dFilterGrad', matMul(...operands));

/** Gradient of a convolution with respect to its filter, `[height, width, in, out]`. */
export function lowerFilterGrad(node: Node): Node {
  const window = windowOf(node);
  const [x, dy] = node.inputs;
  if (isPointwise(node.shape, window)) return overPatches(x, dy, node.shape);
  if (window.strides.every((stride) => stride === 1)) return overBands(x, dy, node.shape, window);
  const [, height, width] = dy.shape;
  return overPatches(gatherPatches(x, [height, width], node.shape, forwardSource(window)), dy, node.shape);
}

/** patches^T dy, a product per group of images. */
function overPatches(patches: Node, dy: Node, shape: readonly number[]): Node {
  const [kernelHeight, kernelWidth, inputs, outputs] = shape;
  const [batch, height, width] = dy.shape;
  const groups = groupCount(batch, height * width);
  const rows = (batch * height * width) / groups;
  const left = reshape(patches, [groups, rows, kernelHeight * kernelWidth * inputs]);
  const right = reshape(dy, [groups, rows, outputs]);
  return reshape(reduce('sum', product(left, right, true, false), [0]), shape);
}

/** The fewest groups of whole images that keep within the rows of one product. */
function groupCount(batch: number, positions: number): number {
  for (let perGroup = batch; perGroup > 1; perGroup -= 1) {
    if (batch % perGroup === 0 && perGroup * positions <= maxRows) return batch / perGroup;
  }
  return batch;
}

/**
 * One product for all taps, from two small copies instead of one per tap: x shifted by each column of the filter,
 * `[B, H W', columns in]`, and dy shifted by each row, `[B, H W', rows out]`, W' being the columns of dy. What a shift
 * brings in from beyond the image is a column or row of zeros; rows beyond x are not needed, their products are zero.
 */
function overBands(x: Node, dy: Node, shape: readonly number[], window: Window2D): Node {
  const [kernelHeight, kernelWidth, inputs, outputs] = shape;
  const [batch, height, width] = x.shape;
  const [, outHeight, outWidth] = dy.shape;
  const { dilations, pads: [top, left] } = window; // prettier-ignore
  const rows = height * outWidth;
  const within = (at: number, extent: number): number => (at >= 0 && at < extent ? at : extent);
  const columns = indices(outWidth, kernelWidth, (at, tap) => within(at + tap * dilations[1] - left, width));
  const image = pad(x, [0, 0, 0, 0], [0, 0, 1, 0]);
  const bands = reshape(gather(image, columns, 2), [batch, rows, kernelWidth * inputs]);

  // The row of dy that a tap multiplies with row `at` of x.
  const rowOf = (at: number, tap: number): number => within(at - tap * dilations[0] + top, outHeight);
  const groups = groupCount(batch, rows);
  if (groups === batch) {
    // Large images: rows of dy as they are stored channel by channel, which the product reads without transposing.
    const gradient = pad(transpose(dy, [0, 3, 1, 2]), [0, 0, 0, 0], [0, 0, 1, 0]);
    const taken = gather(gradient, indices(kernelHeight, height, (tap, at) => rowOf(at, tap)), 2); // prettier-ignore
    const shifted = reshape(taken, [batch, outputs * kernelHeight, rows]);
    const taps = reduce('sum', product(shifted, bands), [0]);
    return transpose(reshape(taps, [outputs, kernelHeight, kernelWidth, inputs]), [1, 2, 3, 0]);
  }
  const gradient = pad(reshape(dy, [batch, outHeight * outWidth, outputs]), [0, 0, 0], [0, outWidth, 0]);
  const positions = indices(rows, kernelHeight, (row, tap) => rowOf(Math.floor(row / outWidth), tap) * outWidth + (row % outWidth)); // prettier-ignore
  const shifted = reshape(gather(gradient, positions, 1), [groups, (batch / groups) * rows, kernelHeight * outputs]);
  const grouped = reshape(bands, [groups, (batch / groups) * rows, kernelWidth * inputs]);
  const taps = reduce('sum', product(shifted, grouped, true), [0]);
  return transpose(reshape(taps, [kernelHeight, outputs, kernelWidth, inputs]), [0, 2, 3, 1]);
}

function indices(first: number, second: number, at: (i: number, j: number) => number): Node {
  const values = Int32Array.from({ length: first * second }, (_, n) => at(Math.floor(n / second), n % second));
  return constant(values, [first, second], 'int32');
}
