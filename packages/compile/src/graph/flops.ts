import { sizeOf, type Node } from './node';

/**
 * Floating-point operations of a product or convolution, 2 per multiply-add: 2 times the elements of the result times the
 * length of the sum in each. 0 for everything else, norms among it.
 */
export function flopsOf({ op, inputs: [x, second], attrs, shape }: Node): number {
  const perElement = 2 * sizeOf(shape);
  if (op === 'matMul') return perElement * (x.shape.at(attrs.transposeA === true ? -2 : -1) ?? 0);
  // What multiplies each result: filters are [out, in, height, width], those of blocks have the last block of outputs behind.
  if (op === 'convNchw') return perElement * sizeOf(second.shape.slice(1));
  if (op === 'convBlocked') return (perElement * sizeOf(second.shape)) / (shape[1] * shape[4]);
  return 0;
}
