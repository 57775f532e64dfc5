import { reduce } from '../graph/linear';
import type { Graph, Node } from '../graph/node';
import { rewrite } from '../graph/rewrite';
import { reshape } from '../graph/shape-ops';

/**
 * Sums over axes that are not neighbours run in two rounds, the inner neighbours first: executors are fast on one run of
 * axes, and the inner sums are often wanted anyway.
 */
export function splitReductions(graph: Graph): Graph {
  return rewrite(graph, (node) => (node.op === 'sum' || node.op === 'mean' ? split(node) : node));
}

function split(node: Node): Node {
  const [x] = node.inputs;
  // Axes of extent 1 neither separate others nor need to be summed.
  const axes = (node.attrs.axes as readonly number[]).filter((axis) => x.shape[axis] !== 1);
  const inner: number[] = [];
  for (const axis of [...axes].reverse()) {
    const [next] = inner;
    const gap = next === undefined ? [] : x.shape.slice(axis + 1, next).filter((extent) => extent !== 1);
    if (gap.length > 0) break;
    inner.unshift(axis);
  }
  if (inner.length === axes.length) return node;
  const op = node.op as 'sum' | 'mean';
  const outer = axes.filter((axis) => !inner.includes(axis));
  // Inner axes disappear after the outer ones in every shape, so the outer keep their places.
  return reshape(reduce(op, reduce(op, x, inner), outer), node.shape);
}
