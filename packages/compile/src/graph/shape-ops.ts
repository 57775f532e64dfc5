import { integers } from './constant';
import { sameShape, sizeOf, type Node } from './node';

/** The same elements under another shape of the same size. */
export function reshape(x: Node, shape: readonly number[]): Node {
  if (sizeOf(shape) !== sizeOf(x.shape))
    throw new RangeError(`reshape: [${x.shape.join()}] does not fit [${shape.join()}].`);
  const source = x.op === 'reshape' ? x.inputs[0] : x;
  if (sameShape(source.shape, shape)) return source;
  return { op: 'reshape', inputs: [source], attrs: {}, shape, dtype: x.dtype };
}

/** Axis i of the result is axis `perm[i]` of `x`. */
export function transpose(x: Node, perm: readonly number[]): Node {
  return permuted(x, perm, false);
}

/** A {@link transpose} that only changes how images are stored: the layout pass may move it. */
export function layoutTranspose(x: Node, perm: readonly number[]): Node {
  return permuted(x, perm, true);
}

function permuted(x: Node, perm: readonly number[], layout: boolean): Node {
  if (perm.every((axis, i) => axis === i)) return x;
  if (x.op === 'transpose') {
    const inner = x.attrs.perm as readonly number[];
    const both = perm.map((axis) => inner[axis]);
    return permuted(x.inputs[0], both, layout || x.attrs.layout === true);
  }
  const shape = perm.map((axis) => x.shape[axis]);
  // Moving axes of extent 1 about moves no element.
  const order = perm.filter((axis) => x.shape[axis] !== 1);
  if (order.every((axis, i) => i === 0 || axis > order[i - 1])) return reshape(x, shape);
  return { op: 'transpose', inputs: [x], attrs: { perm, layout }, shape, dtype: x.dtype };
}

/** Repeats axes of extent 1 (or missing ones) to reach `shape`. */
export function broadcast(x: Node, shape: readonly number[]): Node {
  return sameShape(x.shape, shape) ? x : { op: 'broadcast', inputs: [x], attrs: {}, shape, dtype: x.dtype };
}

/** Joins tensors along an axis. */
export function concat(parts: readonly Node[], axis: number): Node {
  const filledParts = parts.filter((part) => part.shape[axis] > 0);
  if (filledParts.length === 1) return filledParts[0];
  const shape = parts[0].shape.map((extent, i) =>
    i === axis ? filledParts.reduce((sum, part) => sum + part.shape[axis], 0) : extent,
  );
  return { op: 'concat', inputs: filledParts, attrs: { axis }, shape, dtype: parts[0].dtype };
}

/** Elements `begin + k strides` for k below `size`, per axis; a stride may be negative. */
export function slice(
  x: Node,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[] = begin.map(() => 1),
): Node {
  const whole = sameShape(size, x.shape) && strides.every((stride, i) => stride === 1 || size[i] === 1);
  if (whole) return x;
  return { op: 'slice', inputs: [x], attrs: { begin, size, strides }, shape: size, dtype: x.dtype };
}

/** Adds `before[i]` and `after[i]` elements of one value to axis i. */
export function pad(x: Node, before: readonly number[], after: readonly number[], value = 0): Node {
  if (before.every((count) => count === 0) && after.every((count) => count === 0)) return x;
  const shape = x.shape.map((extent, i) => extent + before[i] + after[i]);
  return { op: 'pad', inputs: [x], attrs: { before, after, value }, shape, dtype: x.dtype };
}

/** Repeats the tensor `repeats[i]` times along axis i. */
export function tile(x: Node, repeats: readonly number[]): Node {
  if (repeats.every((count) => count === 1)) return x;
  // Along axes of extent 1 a tile is a broadcast, which consumers often need not write out.
  if (x.shape.every((extent, i) => extent === 1 || repeats[i] === 1)) return broadcast(x, x.shape.map((extent, i) => extent * repeats[i])); // prettier-ignore
  const shape = x.shape.map((extent, i) => extent * repeats[i]);
  return { op: 'tile', inputs: [x], attrs: { repeats }, shape, dtype: x.dtype };
}

/** Rows `indices` of axis `axis`; the axes of `indices` take the place of it. */
export function gather(x: Node, indices: Node, axis: number): Node {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return { op: 'gather', inputs: [x, indices], attrs: { axis }, shape, dtype: x.dtype };
}

/** {@link gather} with a list of rows known now. */
export function takeRows(x: Node, rows: readonly number[], axis: number): Node {
  return gather(x, integers(rows), axis);
}
