import { reshape } from './shape-ops';
import type { Attrs, Node, Op, ReduceOp } from './node';

/** Reduces `axes`, which disappear. */
export function reduce(op: ReduceOp, x: Node, axes: readonly number[]): Node {
  const real = axes.filter((axis) => x.shape[axis] !== 1);
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  if (real.length === 0) return reshape(x, shape);
  return { op, inputs: [x], attrs: { axes: [...axes].sort((a, b) => a - b) }, shape, dtype: x.dtype };
}

/** {@link reduce} that leaves extents of 1. */
export function reduceKeep(op: ReduceOp, x: Node, axes: readonly number[]): Node {
  return reshape(reduce(op, x, axes), x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))); // prettier-ignore
}

/** Batched matrix product over the last two axes; either operand may be read transposed. */
export function matMul(a: Node, b: Node, transposeA = false, transposeB = false): Node {
  const rank = Math.max(a.shape.length, b.shape.length);
  const extent = (x: Node, fromEnd: number): number => x.shape[x.shape.length - fromEnd];
  const batch = Array.from({ length: rank - 2 }, (_, i) =>
    Math.max(extent(a, rank - i) ?? 1, extent(b, rank - i) ?? 1),
  );
  const shape = [...batch, extent(a, transposeA ? 1 : 2), extent(b, transposeB ? 2 : 1)];
  return { op: 'matMul', inputs: [a, b], attrs: { transposeA, transposeB }, shape, dtype: a.dtype };
}

/** Marks a product or convolution with the operation of the traced graph that it stands for; it computes the same. */
export function standingFor(op: Op, node: Node): Node {
  return { ...node, attrs: { ...node.attrs, standsFor: op } };
}

/** Geometry of a two-dimensional window. */
export interface Window2D {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** A node with a two-dimensional window. */
export function windowed(
  op: Op,
  inputs: readonly Node[],
  shape: readonly number[],
  window: Window2D,
  more: Attrs = {},
): Node {
  return { op, inputs, attrs: { ...window, ...more }, shape, dtype: inputs[0].dtype };
}

/** Reads the window of a node made by {@link windowed}. */
export function windowOf(node: Node): Window2D {
  return node.attrs as unknown as Window2D;
}

/** Output extents of a window over `height` x `width`. */
export function windowOutput(
  [height, width]: readonly number[],
  [kernelHeight, kernelWidth]: readonly number[],
  { strides, dilations, pads }: Window2D,
): readonly [number, number] {
  const along = (extent: number, kernel: number, axis: 0 | 1): number =>
    Math.floor((extent + pads[axis] + pads[axis + 2] - dilations[axis] * (kernel - 1) - 1) / strides[axis]) + 1;
  return [along(height, kernelHeight, 0), along(width, kernelWidth, 1)];
}
