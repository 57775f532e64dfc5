import { uniformValue } from '../graph/constant';
import { add, mul, scalar, sub } from '../graph/elementwise';
import { sameShape, type Graph, type Node } from '../graph/node';
import { rewrite } from '../graph/rewrite';

/**
 * The gradient of y = u s with s = sigmoid(u) as reverse mode writes it, d s + (d u) (s (1 - s)), costs six operations
 * over the image; d (s + y (1 - s)) costs four. In it s is computed anew (the attribute keeps it from being shared), so
 * that it need not be kept in memory from the forward pass to the backward pass.
 */
export function simplifySilu(graph: Graph): Graph {
  return rewrite(graph, (node) => siluGradient(node) ?? node);
}

function siluGradient(node: Node): Node | undefined {
  if (node.op !== 'add') return undefined;
  const [first, second] = node.inputs;
  return matched(first, second) ?? matched(second, first);
}

/** `direct` is d s, `through` is (d u) (s (1 - s)). */
function matched(direct: Node, through: Node): Node | undefined {
  if (direct.op !== 'mul' || through.op !== 'mul' || !sameShape(direct.shape, through.shape)) return undefined;
  for (const [d, s] of eitherWay(direct)) {
    const [u] = s.inputs;
    if (s.op !== 'sigmoid' || !sameShape(u.shape, through.shape)) continue;
    for (const [weighted, slope] of eitherWay(through)) {
      if (isProduct(weighted, d, u) && isSlope(slope, s)) {
        const anew: Node = { ...s, attrs: { again: true } };
        return mul(d, add(anew, mul(mul(u, s), sub(scalar(1, s), anew))));
      }
    }
  }
  return undefined;
}

function eitherWay({ inputs: [a, b] }: Node): readonly (readonly [Node, Node])[] {
  return [
    [a, b],
    [b, a],
  ];
}

const isProduct = (node: Node, a: Node, b: Node): boolean =>
  node.op === 'mul' && eitherWay(node).some(([left, right]) => left === a && right === b);

/** 1 - s. */
const isComplement = ({ op, inputs: [one, subtrahend] }: Node, s: Node): boolean =>
  op === 'sub' && subtrahend === s && uniformValue(one) === 1;

/** s (1 - s). */
const isSlope = (node: Node, s: Node): boolean =>
  node.op === 'mul' && eitherWay(node).some(([left, right]) => left === s && isComplement(right, s));
