import type { Graph, Node } from '../graph/node';
import { rewrite } from '../graph/rewrite';

/** Constants up to this many elements are compared by value, longer ones by identity. */
const maxCompared = 4096;

/** Computes equal operations on equal operands once. */
export function shareCommonSubexpressions(graph: Graph): Graph {
  const ids = new Map<Node, number>();
  const idOf = (node: Node): number => {
    const id = ids.get(node) ?? ids.size;
    ids.set(node, id);
    return id;
  };
  const first = new Map<string, Node>();
  return rewrite(graph, (node) => {
    const key = keyOf(node, idOf);
    if (key === undefined) return node;
    const known = first.get(key);
    if (known !== undefined) return known;
    first.set(key, node);
    return node;
  });
}

function keyOf(node: Node, idOf: (node: Node) => number): string | undefined {
  const { op, dtype, shape, data, attrs, inputs } = node;
  if (data === undefined) return `${op}|${dtype}|${shape.join()}|${JSON.stringify(attrs)}|${inputs.map(idOf).join()}`;
  if (data.length > maxCompared) return undefined;
  // -0 and NaN would be lost in plain text.
  return `${dtype}|${shape.join()}|${Array.from(data, (value) => (Object.is(value, -0) ? '-0' : value)).join()}`;
}
