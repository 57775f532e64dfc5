import type { Graph, Node } from './node';
import { nodesOf } from './order';

/** From this many operands on a node is a collection, like the gradients of all parameters. */
const manyOperands = 9;

/**
 * An order of execution that frees memory early. An operation's deepest operand comes first, so that what the others
 * compute from the forward pass is made just before it is used; the members of a collection (and the outputs) come
 * shallowest first, so that the gradient of each filter is taken as soon as the backward pass gets there.
 */
export function schedule(graph: Graph): Node[] {
  const depths = new Map<Node, number>();
  for (const node of nodesOf(graph)) {
    depths.set(node, 1 + node.inputs.reduce((deepest, operand) => Math.max(deepest, depths.get(operand) ?? 0), 0));
  }
  const depth = (node: Node): number => depths.get(node) ?? 0;
  const shallowFirst = (nodes: readonly Node[]): Node[] => [...nodes].sort((a, b) => depth(a) - depth(b));
  const inOrder = (nodes: readonly Node[]): Node[] =>
    nodes.length >= manyOperands ? shallowFirst(nodes) : shallowFirst(nodes).reverse();
  const sorted = new Map<Node, Node>();
  const original = new Map<Node, Node>();
  // The same traversal as elsewhere, over copies whose operands stand in the order wanted here.
  for (const node of nodesOf(graph)) {
    const copy = { ...node, inputs: inOrder(node.inputs).map((operand) => sorted.get(operand) ?? operand) };
    sorted.set(node, copy);
    original.set(copy, node);
  }
  const outputs = shallowFirst(graph.outputs).map((node) => sorted.get(node) ?? node);
  const inputs = graph.inputs.map((node) => sorted.get(node) ?? node);
  return nodesOf({ inputs, outputs }).map((copy) => original.get(copy) ?? copy);
}
