import { uniformValue } from './constant';
import type { Graph, Node } from './node';
import { nodesOf } from './order';

/** The graph as text, one node a line: `%12 = add(%3, %11) float32[64,28,28,32]`. */
export function dumpGraph(graph: Graph): string {
  const names = new Map<Node, string>(graph.inputs.map((input, i) => [input, `$${i}`]));
  const lines = graph.inputs.map((input) => `${names.get(input)} = input ${typeOf(input)}`);
  for (const node of nodesOf(graph)) {
    if (node.op === 'input') continue;
    const uniform = uniformValue(node);
    if (uniform !== undefined) {
      names.set(node, node.shape.length === 0 ? `${uniform}` : `${uniform}[${node.shape.join()}]`);
      continue;
    }
    const name = `%${names.size}`;
    names.set(node, name);
    const attrs = Object.entries(node.attrs).map(
      ([key, value]) => `${key}=${typeof value === 'object' ? `[${value.join()}]` : value}`,
    );
    const operands = [...node.inputs.map((operand) => names.get(operand)), ...attrs].join(', ');
    lines.push(`${name} = ${node.op}(${operands}) ${typeOf(node)}`);
  }
  lines.push(`return ${graph.outputs.map((output) => names.get(output)).join(', ')}`);
  return lines.join('\n');
}

function typeOf(node: Node): string {
  return `${node.dtype}[${node.shape.join()}]`;
}
