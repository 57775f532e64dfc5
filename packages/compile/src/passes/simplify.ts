import { uniformValue } from '../graph/constant';
import { mul, sub, unary } from '../graph/elementwise';
import { sameShape, sizeOf, type Graph, type Node } from '../graph/node';
import { rewrite } from '../graph/rewrite';
import { broadcast, layoutTranspose, reshape, transpose } from '../graph/shape-ops';

/** Identities of arithmetic and of moves: x * 1, x + 0, x + (-y), pow(x, 2), a reshape of a reshape, and the like. */
export function simplify(graph: Graph): Graph {
  return rewrite(graph, (node) => {
    const simpler = simplified(node);
    return simpler === undefined ? node : broadcast(simpler, node.shape);
  });
}

function simplified(node: Node): Node | undefined {
  const [a, b] = node.inputs;
  switch (node.op) {
    case 'reshape':
      return reshape(a, node.shape);
    case 'transpose':
      return (node.attrs.layout === true ? layoutTranspose : transpose)(a, node.attrs.perm as readonly number[]);
    case 'mul':
      if (uniformValue(b) === 1) return a;
      if (uniformValue(a) === 1) return b;
      return product(node);
    case 'div':
      return uniformValue(b) === 1 ? a : undefined;
    case 'add':
      if (uniformValue(b) === 0) return a;
      if (uniformValue(a) === 0) return b;
      if (b.op === 'neg') return sub(a, b.inputs[0]);
      return a.op === 'neg' ? sub(b, a.inputs[0]) : undefined;
    case 'sub':
      return uniformValue(b) === 0 ? a : undefined;
    case 'neg':
      return a.op === 'neg' ? a.inputs[0] : undefined;
    case 'pow':
      return power(a, uniformValue(b), node);
    default:
      return undefined;
  }
}

/** Scalars gather, (x s) t = x (s t), and go where the tensor is smallest: a (x s) = (a s) x for a smaller than x. */
function product(node: Node): Node | undefined {
  const { inputs: [a, b], dtype } = node; // prettier-ignore
  const moved = toSmaller(a, b) ?? toSmaller(b, a);
  if (moved !== undefined) return moved;
  const [x, t] = uniformValue(b) === undefined ? [b, a] : [a, b];
  if (dtype !== 'float32' || uniformValue(t) === undefined || x.op !== 'mul' || t.shape.length > 0) return undefined;
  const s = x.inputs.find((operand) => uniformValue(operand) !== undefined);
  const rest = x.inputs.find((operand) => uniformValue(operand) === undefined);
  if (s === undefined || rest === undefined || s.shape.length > 0) return undefined;
  return mul(rest, { ...s, data: Float32Array.of((uniformValue(s) ?? 1) * (uniformValue(t) ?? 1)) });
}

/** `small` times `x s`, as `small s` times `x`. */
function toSmaller(small: Node, scaled: Node): Node | undefined {
  if (scaled.op !== 'mul' || small.shape.length === 0 || sizeOf(small.shape) >= sizeOf(scaled.shape)) return undefined;
  const s = scaled.inputs.find((operand) => operand.shape.length === 0 && uniformValue(operand) !== undefined);
  const x = scaled.inputs.find((operand) => operand !== s);
  return s === undefined || x === undefined ? undefined : mul(mul(small, s), x);
}

function power(x: Node, exponent: number | undefined, node: Node): Node | undefined {
  if (!sameShape(x.shape, node.shape)) return undefined;
  if (exponent === 1) return x;
  if (exponent === 2) return mul(x, x);
  return exponent === 0.5 ? unary('sqrt', x) : undefined;
}
