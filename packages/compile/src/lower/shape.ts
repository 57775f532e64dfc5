import type { LoweringTable } from './emitter';
import { emitCast } from './elementwise';

/** Operations that move elements. */
export const shapeLowerings: LoweringTable = {
  reshape: ({ inputs: [x], shape }, out) => out.reshape(x, shape),
  transpose: ({ inputs: [x], attrs }, out) =>
    out.emit('Transpose', [out.name(x)], { perm: attrs.perm as readonly number[] }),
  broadcast: ({ inputs: [x], shape }, out) => out.emit('Expand', [out.name(x), out.int64s(shape)]),
  concat: ({ inputs, attrs }, out) =>
    out.emit(
      'Concat',
      inputs.map((part) => out.name(part)),
      { axis: attrs.axis as number },
    ),
  slice: ({ inputs: [x], attrs }, out) => {
    const begin = attrs.begin as readonly number[];
    const size = attrs.size as readonly number[];
    const strides = attrs.strides as readonly number[];
    // Only the axes that are cut: whole axes need no bounds.
    const axes = begin.map((_, i) => i).filter((i) => strides[i] !== 1 || size[i] !== x.shape[i]);
    const ends = axes.map((i) => {
      const end = begin[i] + size[i] * strides[i];
      // An end of -1 would count from the back; anything at or below -extent means "through the first element".
      return end < 0 ? -x.shape[i] - 1 : end;
    });
    const pick = (values: readonly number[]): string => out.int64s(axes.map((i) => values[i]));
    return out.emit('Slice', [out.name(x), pick(begin), out.int64s(ends), out.int64s(axes), pick(strides)]);
  },
  pad: ({ inputs: [x], attrs, dtype }, out) => {
    const sides = out.int64s([...(attrs.before as readonly number[]), ...(attrs.after as readonly number[])]);
    if (dtype !== 'bool') return out.emit('Pad', [out.name(x), sides, out.scalar(attrs.value as number, dtype)]);
    const padded = out.emit('Pad', [
      emitCast(out, out.name(x), 'int32'),
      sides,
      out.scalar(attrs.value as number, 'int32'),
    ]);
    return emitCast(out, padded, 'bool');
  },
  tile: ({ inputs: [x], attrs }, out) =>
    out.emit('Tile', [out.name(x), out.int64s(attrs.repeats as readonly number[])]),
  gather: ({ inputs: [x, indices], attrs }, out) =>
    out.emit('Gather', [out.name(x), out.name(indices)], { axis: attrs.axis as number }),
};
