import { constant } from '../graph/constant';
import { sizeOf, type ConstantData, type Graph, type Node } from '../graph/node';
import { rewrite } from '../graph/rewrite';

/**
 * Moves the elements of constants now instead of in every run, whatever their size: the weights of a convolution are
 * brought into channel blocks once. The model file does not grow, a constant and what is made of it are equally large.
 */
export function foldMoves(graph: Graph): Graph {
  return rewrite(graph, (node) => {
    const data = node.inputs.length === 1 ? node.inputs[0].data : undefined;
    if (data === undefined || data.length !== sizeOf(node.shape)) return node;
    if (node.op === 'reshape') return constant(data, node.shape, node.dtype);
    if (node.op === 'transpose') return constant(transposed(node, data), node.shape, node.dtype);
    return node;
  });
}

function transposed({ inputs, attrs, shape }: Node, data: ConstantData): ConstantData {
  const perm = attrs.perm as readonly number[];
  const from = inputs[0].shape;
  const strides = perm.map((axis) => sizeOf(from.slice(axis + 1)));
  const result = data.slice();
  const position = shape.map(() => 0);
  let source = 0;
  for (let i = 0; i < result.length; i += 1) {
    result[i] = data[source];
    // The next position, the last axis fastest.
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      position[axis] += 1;
      source += strides[axis];
      if (position[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      position[axis] = 0;
    }
  }
  return result;
}
