import { filled, uniformValue } from '../graph/constant';
import { after } from '../graph/after';
import { broadcastShape } from '../graph/elementwise';
import { sameShape, sizeOf, unaryOps, type Graph, type Node } from '../graph/node';
import { rewrite } from '../graph/rewrite';
import { broadcast, reshape } from '../graph/shape-ops';
import { isBinary } from './arithmetic';

const unarySet = new Set<string>([...unaryOps, 'cast', 'clip']);

/** True for operations that work element by element with broadcasting. */
export function isElementwise({ op }: Node): boolean {
  return unarySet.has(op) || isBinary(op) || op === 'select';
}

/**
 * Elementwise operations broadcast by themselves: operands are read at their own size (uniform constants as scalars),
 * and where no operand has the full size the operation runs at the smaller one and its result is broadcast instead.
 */
export function stripBroadcasts(graph: Graph): Graph {
  return rewrite(graph, (node) => {
    if (node.op === 'broadcast') return broadcast(stripped(node.inputs[0]), node.shape);
    if (node.op === 'reshape') return reshapedBroadcast(node);
    if (node.op === 'after') return broadcast(after(stripped(node.inputs[0]), node.inputs[1]), node.shape);
    if (!isElementwise(node)) return node;
    const inputs = node.inputs.map(stripped);
    if (inputs.every((operand, i) => operand === node.inputs[i])) return node;
    const shape = inputs.map((operand) => operand.shape).reduce(broadcastShape);
    return broadcast({ ...node, inputs, shape }, node.shape);
  });
}

function stripped(operand: Node): Node {
  const value = uniformValue(operand);
  if (value !== undefined) return operand.shape.length === 0 ? operand : filled(value, [], operand.dtype);
  return operand.op === 'broadcast' ? operand.inputs[0] : operand;
}

/** A reshape that only adds or drops axes of extent 1 commutes with a broadcast of a scalar. */
function reshapedBroadcast(node: Node): Node {
  const [x] = node.inputs;
  if (x.op !== 'broadcast') return node;
  const [source] = x.inputs;
  if (sizeOf(source.shape) === 1) return broadcast(reshape(source, []), node.shape);
  const dropped = x.shape.filter((extent) => extent !== 1);
  if (!sameShape(dropped, node.shape.filter((extent) => extent !== 1))) return node; // prettier-ignore
  // Extents of the source for each axis of more than one element, set down again in the new shape.
  const padded = [...new Array<number>(x.shape.length - source.shape.length).fill(1), ...source.shape];
  const kept = padded.filter((_, i) => x.shape[i] !== 1);
  let next = 0;
  const shape = node.shape.map((extent) => (extent === 1 ? 1 : kept[next++]));
  return broadcast(reshape(source, shape), node.shape);
}
