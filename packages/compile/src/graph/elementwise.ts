import { filled } from './constant';
import { sameShape, type BinaryOp, type DType, type Node, type UnaryOp } from './node';

const boolean = new Set<string>([
  'equal',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'and',
  'or',
  'xor',
  'not',
  'isNaN',
  'isInf',
]);

/** An elementwise function of one tensor. */
export function unary(op: UnaryOp, x: Node): Node {
  return { op, inputs: [x], attrs: {}, shape: x.shape, dtype: boolean.has(op) ? 'bool' : x.dtype };
}

/** An elementwise function of two tensors of one dtype, with broadcasting. */
export function binary(op: BinaryOp, a: Node, b: Node): Node {
  if (a.dtype !== b.dtype) throw new TypeError(`${op}: the operands have dtypes ${a.dtype} and ${b.dtype}.`);
  const shape = broadcastShape(a.shape, b.shape);
  return { op, inputs: [a, b], attrs: {}, shape, dtype: boolean.has(op) ? 'bool' : a.dtype };
}

/** `a` where the condition holds, else `b`, with broadcasting. */
export function select(condition: Node, a: Node, b: Node): Node {
  const shape = broadcastShape(condition.shape, broadcastShape(a.shape, b.shape));
  return { op: 'select', inputs: [condition, a, b], attrs: {}, shape, dtype: a.dtype };
}

/** Clamps a float tensor to [low, high]. */
export function clip(x: Node, low: number, high: number): Node {
  return { op: 'clip', inputs: [x], attrs: { low, high }, shape: x.shape, dtype: x.dtype };
}

/** Converts elements; towards zero for integers, "is not 0" for booleans. */
export function cast(x: Node, dtype: DType): Node {
  return x.dtype === dtype ? x : { op: 'cast', inputs: [x], attrs: {}, shape: x.shape, dtype };
}

export const add = (a: Node, b: Node): Node => binary('add', a, b);
export const sub = (a: Node, b: Node): Node => binary('sub', a, b);
export const mul = (a: Node, b: Node): Node => binary('mul', a, b);
export const div = (a: Node, b: Node): Node => binary('div', a, b);

/** A scalar of the dtype of `like`, for arithmetic with it. */
export function scalar(value: number, like: Node): Node {
  return filled(value, [], like.dtype);
}

/** The shape of two broadcast operands, numpy's rule. */
export function broadcastShape(a: readonly number[], b: readonly number[]): readonly number[] {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new RangeError(`shapes [${a.join()}] and [${b.join()}] do not broadcast.`);
    return left === 1 ? right : left;
  });
}
