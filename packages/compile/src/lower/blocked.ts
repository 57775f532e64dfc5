import { windowOf } from '../graph/linear';
import { sizeOf, type Node } from '../graph/node';
import type { Emitter, LoweringTable } from './emitter';

/** ONNX Runtime's operators over channel blocks, which its own optimizer uses for constant weights. */
const blockedDomain = 'com.microsoft.nchwc';

/** An optional operand that is not given. */
const absent = '';

/** Shift and sum of a node that may have them, under the shapes the operator wants. */
function optionalOperands(node: Node, out: Emitter, channels: number, image: readonly number[]): string[] {
  const { shift, sum } = node.attrs;
  const sumNode = sum === true ? node.inputs.at(-1) : undefined;
  const operands = shift === true ? [out.reshape(node.inputs[2], [channels])] : [absent];
  if (sumNode !== undefined) return [...operands, out.reshape(sumNode, image)];
  return shift === true ? operands : [];
}

/** A function that the operator applies to its result. */
function activationOf({ attrs: { activation } }: Node): { readonly activation?: string } {
  return typeof activation === 'string' ? { activation } : {};
}

const unitWindow = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;

/**
 * Convolutions over channel blocks: the shapes that the operator sees are those of NCHW, the elements lie in blocks.
 * Scales and sums per channel of each image are depthwise convolutions with one group per image and channel: of one
 * position, or of all of them.
 */
export const blockedLowerings: LoweringTable = {
  convBlocked: (node, out) => {
    const { strides, dilations, pads } = windowOf(node);
    const [x, filter] = node.inputs;
    const [batch, blocks, height, width, block] = node.shape;
    const plain = x.shape.length === 4;
    const inputs = plain ? x.shape[1] : x.shape[1] * block;
    const outputs = blocks * block;
    const [kernelHeight, kernelWidth] = filter.shape.slice(2, 4);
    const image = plain ? out.name(x) : out.reshape(x, [batch, inputs, x.shape[2], x.shape[3]]);
    const weights = out.reshape(filter, [outputs, inputs, kernelHeight, kernelWidth]);
    const rest = optionalOperands(node, out, outputs, [batch, outputs, height, width]);
    const attributes = { strides, dilations, pads, group: 1, kernel_shape: [kernelHeight, kernelWidth] };
    const result = out.emit('Conv', [image, weights, ...rest], attributes, blockedDomain);
    return out.reshaped(result, [batch, outputs, height, width], node.shape);
  },
  channelAffine: (node, out) => {
    const [x, scale] = node.inputs;
    const [batch, blocks, height, width, block] = node.shape;
    const group = batch * blocks * block;
    const image = [1, group, height, width];
    const operands = [
      out.reshape(x, image),
      out.reshape(scale, [group, 1, 1, 1]),
      ...optionalOperands(node, out, group, image),
    ];
    const result = out.emit(
      'Conv',
      operands,
      { ...unitWindow, group, kernel_shape: [1, 1], ...activationOf(node) },
      blockedDomain,
    );
    return out.reshaped(result, image, node.shape);
  },
  channelDot: (node, out) => {
    const [a, b] = node.inputs;
    const [, , height, width] = a.shape;
    const group = sizeOf(node.shape);
    const operands = [out.reshape(a, [1, group, height, width]), out.reshape(b, [group, 1, height, width])];
    const result = out.emit('Conv', operands, { ...unitWindow, group, kernel_shape: [height, width] }, blockedDomain);
    return out.reshaped(result, [1, group, 1, 1], node.shape);
  },
};
