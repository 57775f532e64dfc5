import { windowOf, type Window2D } from '../../graph/linear';
import type { Graph, Node } from '../../graph/node';
import { rewrite } from '../../graph/rewrite';
import { slice, transpose } from '../../graph/shape-ops';
import type { ConvolutionCosts } from './costs';
import { lowerFilterGrad } from './filter-grad';
import { lowerConvolution, type Convolution } from './forward';
import { backwardSource, forwardSource } from './patches';

/**
 * Replaces NHWC convolutions and their gradients by what the executor computes fastest. Layouts are changed around each
 * of them; the layout pass then moves those changes out of the way.
 */
export function lowerConvolutions(graph: Graph, costs: ConvolutionCosts): Graph {
  return rewrite(graph, (node) => {
    if (node.op === 'conv2d') return lowerConvolution(forwards(node), costs);
    if (node.op === 'conv2dInputGrad') return lowerConvolution(backwards(node), costs);
    return node.op === 'conv2dFilterGrad' ? lowerFilterGrad(node) : node;
  });
}

function forwards(node: Node): Convolution {
  const { op, inputs: [x, filter], shape } = node; // prettier-ignore
  const window = windowOf(node);
  return { op, x, filter, shape, window, source: forwardSource(window) };
}

/** The gradient with respect to the input: a convolution of dy with the filter's channels exchanged. */
function backwards(node: Node): Convolution {
  const { op, inputs: [dy, filter] } = node; // prettier-ignore
  const window = windowOf(node);
  const exchanged = transpose(filter, [0, 1, 3, 2]);
  const reversed = reversedWindow(node, window);
  if (reversed === undefined) {
    return { op, x: dy, filter: exchanged, shape: node.shape, window: undefined, source: backwardSource(window) };
  }
  const [height, width] = filter.shape;
  const flipped =
    height * width === 1 ? exchanged : slice(exchanged, [height - 1, width - 1, 0, 0], exchanged.shape, [-1, -1, 1, 1]);
  return { op, x: dy, filter: flipped, shape: node.shape, window: reversed, source: forwardSource(reversed) };
}

/** The window of the reversed filter over dy: its pads are what is left of the filter's reach. */
function reversedWindow(node: Node, { strides, dilations, pads }: Window2D): Window2D | undefined {
  const [dy, filter] = node.inputs;
  if (strides.some((stride) => stride !== 1)) return undefined;
  const reach = [0, 1].map((axis) => (filter.shape[axis] - 1) * dilations[axis]);
  const [top, left] = [reach[0] - pads[0], reach[1] - pads[1]];
  const bottom = node.shape[1] + reach[0] - dy.shape[1] - top;
  const right = node.shape[2] + reach[1] - dy.shape[2] - left;
  if (Math.min(top, left, bottom, right) < 0) return undefined;
  return { strides: [1, 1], dilations, pads: [top, left, bottom, right] };
}
