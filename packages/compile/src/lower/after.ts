import { sizeOf, type Node } from '../graph/node';
import { emitCast, castTypes } from './elementwise';
import type { Emitter, LoweringTable } from './emitter';

/** The first element of a tensor, as a vector of one. */
function firstElement(node: Node, out: Emitter): string {
  const flat = out.reshape(node, [sizeOf(node.shape)]);
  return out.once(`first:${flat}`, () => out.emit('Slice', [flat, out.int64s([0]), out.int64s([1]), out.int64s([0])]));
}

/** Name of a vector of one int64 that is 0 whatever the tensor holds, and that no optimizer can know to be. */
export function zeroFrom(node: Node, out: Emitter): string {
  const first = firstElement(node, out);
  return out.once(`zero:${first}`, () => {
    // Not a cast of the number itself: what NaN and infinity become as integers differs between processors.
    const known = node.dtype === 'float32' ? out.emit('IsNaN', [first]) : first;
    return out.emit('Mul', [out.emit('Cast', [known], { to: castTypes.int64 }), out.int64s([0])]);
  });
}

/**
 * A barrier as a real dependency on data. In host memory it costs nothing: a Reshape, which only renames a buffer, to a shape
 * that comes out of the dependency. Where shapes live apart from tensors that would wait for the device, so a selection
 * between the tensor and itself copies it there.
 */
export const afterLowerings: LoweringTable = {
  after: ({ inputs: [x, dependency], dtype }, out) => {
    // A dependency without elements is always there.
    if (sizeOf(dependency.shape) === 0) return out.emit('Identity', [out.name(x)]);
    if (!out.onDevice && x.shape.length > 0) {
      const shape = out.emit('Add', [out.int64s(x.shape), zeroFrom(dependency, out)]);
      return out.emit('Reshape', [out.name(x), shape], { allowzero: 1 });
    }
    const first = firstElement(dependency, out);
    const number = dependency.dtype === 'bool' ? emitCast(out, first, 'int32') : first;
    const never = out.emit('Less', [number, out.scalar(0, dependency.dtype === 'bool' ? 'int32' : dependency.dtype)]);
    const condition = x.shape.length > 0 ? never : out.emit('Squeeze', [never]);
    const value = dtype === 'bool' ? emitCast(out, out.name(x), 'int32') : out.name(x);
    const chosen = out.emit('Where', [condition, value, value]);
    return dtype === 'bool' ? emitCast(out, chosen, 'bool') : chosen;
  },
};
