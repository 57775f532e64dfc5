import { matMul, standingFor, windowed, type Window2D } from '../../graph/linear';
import type { Node, Op } from '../../graph/node';
import { layoutTranspose, pad, reshape, slice, transpose } from '../../graph/shape-ops';
import type { ConvolutionCosts } from './costs';
import { gatherPatches, isPointwise, type Source } from './patches';

/** A convolution as a sum over taps, forwards or backwards. */
export interface Convolution {
  /** What it was in the traced graph. */
  readonly op: Op;
  /** `[B, H, W, in]`. */
  readonly x: Node;
  /** `[height, width, in, out]`, as it multiplies what `source` reads. */
  readonly filter: Node;
  /** `[B, H', W', out]`. */
  readonly shape: readonly number[];
  /** The window of ONNX's Conv that computes it with `filter`; undefined if there is none. */
  readonly window: Window2D | undefined;
  readonly source: Source;
}

const toNchw = [0, 3, 1, 2];
const toNhwc = [0, 2, 3, 1];

/** Lowers a convolution the way that costs least. */
export function lowerConvolution(conv: Convolution, { channelBlock, maxGatherPositions }: ConvolutionCosts): Node {
  const { filter, shape, window } = conv;
  const [, , inputs] = filter.shape;
  if (window !== undefined && channelBlock > 0 && (inputs < channelBlock || inputs % channelBlock === 0)) {
    return blocked(conv, window, channelBlock);
  }
  if (window !== undefined && shape[1] * shape[2] > maxGatherPositions) return channelsFirst(conv, window);
  return overPatches(conv);
}

/** ONNX's standard Conv, between transpositions. */
function channelsFirst({ op, x, filter, shape: [batch, height, width, outputs] }: Convolution, window: Window2D): Node {
  const operands = [layoutTranspose(x, toNchw), transpose(filter, [3, 2, 0, 1])];
  const result = windowed('convNchw', operands, [batch, outputs, height, width], window);
  return layoutTranspose(standingFor(op, result), toNhwc);
}

/** A matrix product over gathered patches. */
function overPatches({ op, x, filter, shape, window, source }: Convolution): Node {
  const [kernelHeight, kernelWidth, inputs, outputs] = filter.shape;
  const [batch, height, width] = shape;
  const pointwise = window !== undefined && isPointwise(filter.shape, window);
  const patches = pointwise ? x : gatherPatches(x, [height, width], filter.shape, source);
  const depth = kernelHeight * kernelWidth * inputs;
  const product = matMul(reshape(patches, [batch * height * width, depth]), reshape(filter, [depth, outputs]));
  return reshape(standingFor(op, product), shape);
}

/**
 * ONNX Runtime's Conv over channel blocks: `[B, C / block, H, W, block]`. Fewer input channels than a block are read
 * as plain NCHW; output channels are filled up to whole blocks with filters of zeros.
 */
function blocked(
  { op, x, filter, shape: [batch, height, width, outputs] }: Convolution,
  window: Window2D,
  block: number,
): Node {
  const [kernelHeight, kernelWidth, inputs] = filter.shape;
  const blocks = Math.ceil(outputs / block);
  const padded = pad(filter, [0, 0, 0, 0], [0, 0, 0, blocks * block - outputs]);
  const inner = [kernelHeight, kernelWidth];
  const operands =
    inputs < block
      ? [layoutTranspose(x, toNchw), transpose(reshape(padded, [...inner, inputs, blocks, block]), [3, 2, 0, 1, 4])]
      : [
          layoutTranspose(reshape(x, [...x.shape.slice(0, 3), inputs / block, block]), [0, 3, 1, 2, 4]),
          transpose(reshape(padded, [...inner, inputs / block, block, blocks, block]), [4, 2, 0, 1, 3, 5]),
        ];
  const result = windowed('convBlocked', operands, [batch, blocks, height, width, block], window, {
    shift: false,
    sum: false,
  });
  const whole = reshape(layoutTranspose(standingFor(op, result), [0, 2, 3, 1, 4]), [
    batch,
    height,
    width,
    blocks * block,
  ]);
  return slice(whole, [0, 0, 0, 0], [batch, height, width, outputs]);
}
