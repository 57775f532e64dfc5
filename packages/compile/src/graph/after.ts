import type { Node } from './node';

/** Operations that make nothing new: what waits for one of them can as well wait for its operand. */
const moves = new Set<Node['op']>(['reshape', 'transpose', 'broadcast']);

/**
 * A barrier: the value of `x`, which nothing may use before `dependency` is there. No pass shares or drops it, so that what is
 * computed from it is not merged with what is computed from `x`.
 */
export function after(x: Node, dependency: Node): Node {
  return { op: 'after', inputs: [x, madeBy(dependency)], attrs: {}, shape: x.shape, dtype: x.dtype };
}

function madeBy(node: Node): Node {
  return moves.has(node.op) ? madeBy(node.inputs[0]) : node;
}
