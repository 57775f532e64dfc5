import type { Graph, Node } from './node';
import { nodesOf } from './order';

/**
 * Rebuilds a graph from its inputs on.
 *
 * @param graph - stays as it is
 * @param rule - receives each node with its operands already rewritten (and as it was) and returns what stands in its
 * place: the node itself, or another of the same shape and dtype
 */
export function rewrite(graph: Graph, rule: (node: Node, original: Node) => Node): Graph {
  const replaced = new Map<Node, Node>();
  const lookUp = (node: Node): Node => replaced.get(node) ?? node;
  for (const node of nodesOf(graph)) {
    if (node.op === 'input') continue;
    const moved = node.inputs.some((operand) => lookUp(operand) !== operand);
    const next = rule(moved ? { ...node, inputs: node.inputs.map(lookUp) } : node, node);
    if (next !== node) replaced.set(node, next);
  }
  return { inputs: graph.inputs, outputs: graph.outputs.map(lookUp) };
}

/** Puts other values in the place of some nodes, inputs included; `inputs` are those of the new graph. */
export function substitute(graph: Graph, replacements: ReadonlyMap<Node, Node>, inputs: readonly Node[]): Graph {
  const replaced = new Map(replacements);
  const lookUp = (node: Node): Node => replaced.get(node) ?? node;
  for (const node of nodesOf({ inputs: [], outputs: graph.outputs })) {
    if (replaced.has(node) || node.inputs.every((operand) => lookUp(operand) === operand)) continue;
    replaced.set(node, { ...node, inputs: node.inputs.map(lookUp) });
  }
  return { inputs, outputs: graph.outputs.map(lookUp) };
}
