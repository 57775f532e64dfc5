import { after } from '../../graph/after';
import { cast, select } from '../../graph/elementwise';
import { sizeOf, type Node } from '../../graph/node';
import { broadcast, concat, gather, pad, reshape, slice, takeRows, tile, transpose } from '../../graph/shape-ops';
import { axesOf, operands, type KernelTable } from './kernel';

/** One extent of -1 takes what the others leave. */
function resolveShape(shape: readonly number[], size: number): number[] {
  const known = shape.reduce((product, extent) => (extent < 0 ? product : product * extent), 1);
  return shape.map((extent) => (extent < 0 ? size / known : extent));
}

function along(x: Node, axis: number, begin: number, size: number, stride = 1): Node {
  const pick = (value: number, rest: (i: number) => number): number[] =>
    x.shape.map((_, i) => (i === axis ? value : rest(i)));
  return slice(x, pick(begin, () => 0), pick(size, (i) => x.shape[i]), pick(stride, () => 1)); // prettier-ignore
}

function split(x: Node, axis: number, sizes: readonly number[]): Node[] {
  let begin = 0;
  return sizes.map((size) => {
    const part = along(x, axis, begin, size);
    begin += size;
    return part;
  });
}

/** Positions that a mirrored axis reads: without the border (`reflect`) or with it (`symmetric`). */
function mirrored(extent: number, before: number, after: number, mode: string): number[] {
  const offset = mode === 'reflect' ? 0 : 1;
  return Array.from({ length: before + extent + after }, (_, i) => {
    const at = i - before;
    if (at < 0) return -at - offset;
    return at < extent ? at : 2 * extent - 2 - at + offset;
  });
}

export const shapeKernels: KernelTable = {
  // The barrier of @onestep/tensor's `after`.
  OnestepAfter: ({ x, dependency }) => after(x, dependency),
  Reshape: ({ x }, { shape }) => reshape(x, resolveShape(shape as number[], sizeOf(x.shape))),
  ExpandDims: ({ input }, { dim }) => {
    const axis = (dim as number) < 0 ? (dim as number) + input.shape.length + 1 : (dim as number);
    return reshape(input, [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)]);
  },
  Transpose: ({ x }, { perm }) => transpose(x, perm as number[]),
  BroadcastTo: ({ x }, { shape }) => broadcast(x, shape as number[]),
  Tile: ({ x }, { reps }) => tile(x, reps as number[]),
  Concat: (inputs, { axis }) => {
    const parts = operands(inputs);
    return concat(parts, axesOf(axis, parts[0].shape.length)[0]);
  },
  Pack: (inputs, { axis }) => {
    const parts = operands(inputs);
    const [at] = axesOf(axis, parts[0].shape.length + 1);
    return concat(parts.map((x) => reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])), at); // prettier-ignore
  },
  Unpack: ({ value }, { axis }) => {
    const [at] = axesOf(axis, value.shape.length);
    const shape = value.shape.filter((_, i) => i !== at);
    return split(value, at, new Array<number>(value.shape[at]).fill(1)).map((part) => reshape(part, shape));
  },
  SplitV: ({ x }, { numOrSizeSplits, axis }) => {
    const [at] = axesOf(axis, x.shape.length);
    if (typeof numOrSizeSplits === 'number') {
      return split(x, at, new Array<number>(numOrSizeSplits).fill(x.shape[at] / numOrSizeSplits));
    }
    const sizes = numOrSizeSplits as number[];
    const rest = x.shape[at] - sizes.reduce((sum, size) => sum + Math.max(0, size), 0);
    return split(x, at, sizes.map((size) => (size < 0 ? rest : size))); // prettier-ignore
  },
  Slice: ({ x }, { begin, size }) => {
    const starts = [begin].flat() as number[];
    const sizes = [size].flat() as number[];
    const from = x.shape.map((_, i) => starts[i] ?? 0);
    return slice(x, from, x.shape.map((extent, i) => ((sizes[i] ?? -1) < 0 ? extent - from[i] : sizes[i]))); // prettier-ignore
  },
  StridedSlice: ({ x }, attrs) => {
    const masks = ['ellipsisMask', 'newAxisMask', 'shrinkAxisMask'].filter((mask) => attrs[mask] !== 0);
    if (masks.length > 0) throw new RangeError(`${masks.join(', ')} cannot be traced; reshape the result instead.`);
    const strides = x.shape.map((_, i) => (attrs.strides as number[])[i] ?? 1);
    const bound = (list: unknown, mask: unknown, i: number, whole: number): number => {
      const given = (list as number[])[i] as number | undefined;
      if (given === undefined || ((mask as number) >> i) & 1) return whole;
      const floor = strides[i] > 0 ? 0 : -1;
      const value = given < 0 ? given + x.shape[i] : given;
      return Math.min(Math.max(value, floor), x.shape[i] + floor);
    };
    const from = x.shape.map((extent, i) => bound(attrs.begin, attrs.beginMask, i, strides[i] > 0 ? 0 : extent - 1));
    const to = x.shape.map((extent, i) => bound(attrs.end, attrs.endMask, i, strides[i] > 0 ? extent : -1));
    const size = from.map((start, i) => Math.max(0, Math.ceil((to[i] - start) / strides[i])));
    return slice(x, from, size, strides);
  },
  Reverse: ({ x }, { dims }) => {
    const axes = axesOf(dims, x.shape.length);
    const reversed = (axis: number): boolean => axes.includes(axis) && x.shape[axis] > 1;
    return slice(
      x,
      x.shape.map((extent, i) => (reversed(i) ? extent - 1 : 0)),
      x.shape,
      x.shape.map((_, i) => (reversed(i) ? -1 : 1)),
    );
  },
  PadV2: ({ x }, { paddings, constantValue }) => {
    const sides = paddings as [number, number][];
    return pad(x, sides.map(([before]) => before), sides.map(([, after]) => after), constantValue as number); // prettier-ignore
  },
  MirrorPad: ({ x }, { paddings, mode }) =>
    (paddings as [number, number][]).reduce(
      (padded, [before, after], axis) =>
        before + after === 0 ? padded : takeRows(padded, mirrored(x.shape[axis], before, after, mode as string), axis),
      x,
    ),
  GatherV2: ({ x, indices }, { axis, batchDims }) => {
    if (((batchDims as number | undefined) ?? 0) !== 0) throw new RangeError('batchDims must be 0 in a traced gather.');
    return gather(x, cast(indices, 'int32'), axesOf(axis, x.shape.length)[0]);
  },
  Select: ({ condition, t, e }) => {
    const ranked = condition.shape.length === 1 && t.shape.length > 1;
    const mask = ranked ? reshape(condition, [condition.shape[0], ...t.shape.slice(1).map(() => 1)]) : condition;
    return select(cast(mask, 'bool'), t, e);
  },
  DepthToSpace: ({ x }, { blockSize, dataFormat }) => {
    if (dataFormat === 'NCHW') throw new RangeError('depthToSpace is traced in NHWC only.');
    const [batch, height, width, channels] = x.shape;
    const block = blockSize as number;
    const depth = channels / (block * block);
    const blocks = reshape(x, [batch, height, width, block, block, depth]);
    return reshape(transpose(blocks, [0, 1, 3, 2, 4, 5]), [batch, height * block, width * block, depth]);
  },
};
