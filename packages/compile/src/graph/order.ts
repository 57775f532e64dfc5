import type { Graph, Node } from './node';

/** Every node the outputs reach and every input, operands before users. */
export function nodesOf({ inputs, outputs }: Graph): Node[] {
  const ordered: Node[] = [];
  const seen = new Set<Node>();
  const visit = (root: Node): void => {
    // An explicit stack: a training step is thousands of nodes deep.
    const stack: [Node, number][] = [[root, 0]];
    seen.add(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const [node, next] = top;
      if (next === node.inputs.length) {
        ordered.push(node);
        stack.pop();
        continue;
      }
      top[1] += 1;
      const operand = node.inputs[next];
      if (!seen.has(operand)) {
        seen.add(operand);
        stack.push([operand, 0]);
      }
    }
  };
  for (const root of [...inputs, ...outputs]) if (!seen.has(root)) visit(root);
  return ordered;
}

/** How many times each node is an operand or an output. */
export function countUses(graph: Graph): Map<Node, number> {
  const uses = new Map<Node, number>();
  const use = (node: Node): void => void uses.set(node, (uses.get(node) ?? 0) + 1);
  for (const node of nodesOf(graph)) node.inputs.forEach(use);
  graph.outputs.forEach(use);
  return uses;
}
