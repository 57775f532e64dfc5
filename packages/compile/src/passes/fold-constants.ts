import { constant, constantElements, filled, typedArray, uniformValue } from '../graph/constant';
import { sameShape, sizeOf, type Graph, type Node } from '../graph/node';
import { rewrite } from '../graph/rewrite';
import { evaluateBinary, evaluateUnary } from './arithmetic';

/** Constants beyond this many elements are not computed here: the model file would only grow. */
const maxFolded = 65536;

/** Computes what depends on constants alone: uniform ones at any size, others where it is elementwise or a mere move. */
export function foldConstants(graph: Graph): Graph {
  return rewrite(graph, (node) => {
    if (node.inputs.length === 0 || node.inputs.some((operand) => operand.data === undefined)) return node;
    return foldUniform(node) ?? (sizeOf(node.shape) <= maxFolded ? foldElements(node) : undefined) ?? node;
  });
}

/** Same number everywhere in, same number everywhere out. */
function foldUniform(node: Node): Node | undefined {
  const values = node.inputs.map(uniformValue);
  if (values.includes(undefined)) return undefined;
  const [a, b] = values as number[];
  const fill = (value: number | undefined): Node | undefined =>
    value === undefined ? undefined : filled(value, node.shape, node.dtype);
  switch (node.op) {
    case 'reshape':
    case 'transpose':
    case 'broadcast':
    case 'slice':
    case 'tile':
    case 'gather':
    case 'cast':
    case 'max':
    case 'min':
    case 'mean':
      return fill(a);
    case 'concat':
      return values.every((value) => Object.is(value, a)) ? fill(a) : undefined;
    case 'sum':
      return fill((a * sizeOf(node.inputs[0].shape)) / sizeOf(node.shape));
    case 'clip':
      return fill(Math.min(Math.max(a, node.attrs.low as number), node.attrs.high as number));
    case 'select':
      return fill(a !== 0 ? b : values[2]);
    default:
      return fill(
        values.length === 1 ? evaluateUnary(node.op, a, node.dtype) : evaluateBinary(node.op, a, b, node.dtype),
      );
  }
}

function foldElements(node: Node): Node | undefined {
  const [a, b] = node.inputs;
  if (node.op === 'reshape') return constant(constantElements(a), node.shape, node.dtype);
  if (node.op === 'cast') return constant(typedArray(node.dtype, constantElements(a)), node.shape, node.dtype);
  if (!node.inputs.every((operand) => operand.shape.length === 0 || sameShape(operand.shape, node.shape)))
    return undefined;
  const read = (operand: Node): ((i: number) => number) => {
    const uniform = uniformValue(operand);
    const data = operand.data ?? [];
    return uniform === undefined ? (i) => data[i] : () => uniform;
  };
  const first = read(a);
  const second = node.inputs.length === 2 ? read(b) : undefined;
  const elements: number[] = [];
  for (let i = 0; i < sizeOf(node.shape); i += 1) {
    const value =
      second === undefined
        ? evaluateUnary(node.op, first(i), node.dtype)
        : evaluateBinary(node.op, first(i), second(i), node.dtype);
    if (value === undefined) return undefined;
    elements.push(value);
  }
  return constant(typedArray(node.dtype, elements), node.shape, node.dtype);
}
