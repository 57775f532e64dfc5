import type { Node } from '../../graph/node';
import { layoutTranspose, reshape } from '../../graph/shape-ops';
import { axisGroups, inversePermutation } from '../axis-groups';

/**
 * A value as another one seen through a change of layout: `source`, its axes permuted, then runs of neighbouring axes
 * joined. NHWC over channel blocks is `[B, C / 16, H, W, 16]` with permutation 0 2 3 1 4 and the last two axes joined.
 */
export interface View {
  readonly source: Node;
  readonly perm: readonly number[];
  /** For each axis of the value, the permuted axes of the source that it joins. */
  readonly parts: readonly (readonly number[])[];
}

/** The view that a node is, if its transposition is one of layout. */
export function viewOf(node: Node): View | undefined {
  const inner = node.op === 'reshape' ? node.inputs[0] : node;
  if (inner.op !== 'transpose' || inner.attrs.layout !== true) return undefined;
  const perm = inner.attrs.perm as readonly number[];
  if (inner === node) return { source: inner.inputs[0], perm, parts: perm.map((_, axis) => [axis]) };
  const parts = node.shape.map((): readonly number[] => []);
  for (const { from, to } of axisGroups(inner.shape, node.shape)) {
    if (to.length > 1 || (to.length === 0 && from.length > 0)) return undefined;
    parts[to[0]] = from;
  }
  return { source: inner.inputs[0], perm, parts };
}

/** Extents of the permuted source's axes for a value of this shape; undefined if an extent does not divide. */
function splitShape({ source, perm, parts }: View, shape: readonly number[]): number[] | undefined {
  const carried = perm.map((axis) => source.shape[axis]);
  const split = new Array<number>(carried.length).fill(1);
  for (const [axis, extent] of shape.entries()) {
    const [first, ...rest] = parts[axis];
    if (extent === 1) continue;
    if (first === undefined) return undefined;
    const inner = rest.reduce((product, part) => product * carried[part], 1);
    if (extent % inner !== 0) return undefined;
    split[first] = extent / inner;
    for (const part of rest) split[part] = carried[part];
  }
  return split;
}

/** Any value of the same rank (or less, by broadcasting) as it looks from the source's side. */
export function seenFromSource(view: View, operand: Node): Node | undefined {
  if (operand.shape.length === 0) return operand;
  const padded = [...new Array<number>(view.parts.length - operand.shape.length).fill(1), ...operand.shape];
  const split = splitShape(view, padded);
  return split && layoutTranspose(reshape(operand, split), inversePermutation(view.perm));
}

/** Shape on the source's side of a value of shape `shape`. */
export function sourceShape(view: View, shape: readonly number[]): number[] | undefined {
  const split = splitShape(view, shape);
  return split && inversePermutation(view.perm).map((axis) => split[axis]);
}

/** A result on the source's side, seen from the other: axes permuted and joined again. */
export function seenThrough(view: View, result: Node, shape: readonly number[]): Node {
  return reshape(layoutTranspose(result, view.perm), shape);
}

/**
 * Numbers per axis of the value (a begin, a size, a repeat) as numbers per axis of the source. On a joined axis they
 * belong to its first part and must be whole multiples of the rest.
 */
export function perSourceAxis(
  view: View,
  values: readonly number[],
  rest: (part: number) => number,
  multiples: boolean,
): number[] | undefined {
  const carried = view.perm.map((axis) => view.source.shape[axis]);
  const split = carried.map((_, part) => rest(part));
  for (const [axis, value] of values.entries()) {
    const [first, ...others] = view.parts[axis];
    if (first === undefined) continue;
    const inner = multiples ? others.reduce((product, part) => product * carried[part], 1) : 1;
    if (value % inner !== 0) return undefined;
    split[first] = value / inner;
  }
  return inversePermutation(view.perm).map((axis) => split[axis]);
}
