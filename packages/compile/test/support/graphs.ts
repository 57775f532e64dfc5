import type { Tensor } from '@onestep/tensor';
import type { Graph, Node, Op } from '../../src/graph/node';
import { nodesOf } from '../../src/graph/order';
import { trace } from '../../src/trace/trace';

/** Traces a function of float32 tensors of the given shapes. */
export function traced(shapes: readonly (readonly number[])[], fn: (...args: Tensor[]) => unknown): Graph {
  const layout = { kind: 'list', items: shapes.map(() => ({ kind: 'tensor' }) as const) } as const;
  const inputs = shapes.map((shape) => ({ shape, dtype: 'float32' }) as const);
  return trace((args) => fn(...(args as Tensor[])), layout, inputs).graph;
}

/** Operations of a graph, operands before users, without inputs and constants. */
export function opsOf(graph: Graph): Op[] {
  return nodesOf(graph)
    .map(({ op }) => op)
    .filter((op) => op !== 'input' && op !== 'constant');
}

/** Nodes of one operation. */
export function find(graph: Graph, op: Op): Node[] {
  return nodesOf(graph).filter((node) => node.op === op);
}
