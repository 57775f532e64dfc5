import { mul, scalar } from '../../graph/elementwise';
import { sameShape, type Graph, type Node } from '../../graph/node';
import { countUses } from '../../graph/order';
import { rewrite } from '../../graph/rewrite';

/**
 * Sums of products over the positions of an image in channel blocks (the mean of squares of a norm, the gradient of a
 * scale) become `channelDot`: one pass that writes nothing but the sums.
 */
export function fuseChannelDot(graph: Graph, block: number): Graph {
  const uses = countUses(graph);
  return rewrite(graph, (node, original) => {
    if (node.op !== 'sum' && node.op !== 'mean') return node;
    const [product] = node.inputs;
    if (product.op !== 'mul' || uses.get(original.inputs[0]) !== 1) return node;
    return dot(node, product, block) ?? node;
  });
}

function dot(node: Node, product: Node, block: number): Node | undefined {
  const { shape, dtype } = product;
  if ((node.attrs.axes as readonly number[]).join() !== '2,3' || shape.length !== 5 || shape[4] !== block)
    return undefined;
  if (dtype !== 'float32' || !product.inputs.every((operand) => sameShape(operand.shape, shape))) return undefined;
  const sums: Node = { ...node, op: 'channelDot', inputs: product.inputs, attrs: {} };
  return node.op === 'sum' ? sums : mul(sums, scalar(1 / (shape[2] * shape[3]), sums));
}
