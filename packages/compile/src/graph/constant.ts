import { sizeOf, type ConstantData, type DType, type Node } from './node';

/** A constant of the given elements; equal elements are kept once. */
export function constant(data: ConstantData, shape: readonly number[], dtype: DType): Node {
  const uniform = data.length > 0 && data.every((element) => Object.is(element, data[0]));
  return { op: 'constant', inputs: [], attrs: {}, shape, dtype, data: uniform ? data.slice(0, 1) : data };
}

/** A constant with the same number everywhere. */
export function filled(value: number, shape: readonly number[] = [], dtype: DType = 'float32'): Node {
  return { op: 'constant', inputs: [], attrs: {}, shape, dtype, data: typedArray(dtype, [value]) };
}

/** A vector of integers. */
export function integers(values: readonly number[]): Node {
  return constant(Int32Array.from(values), [values.length], 'int32');
}

/** The number that fills a uniform constant; undefined for anything else. */
export function uniformValue(node: Node): number | undefined {
  return node.data !== undefined && node.data.length === 1 ? node.data[0] : undefined;
}

/** All elements of a constant, a uniform one written out. */
export function constantElements(node: Node): ConstantData {
  if (node.data === undefined) throw new TypeError(`constantElements: ${node.op} is not a constant.`);
  const size = sizeOf(node.shape);
  if (node.data.length === size) return node.data;
  return typedArray(node.dtype, new Array<number>(size).fill(node.data[0]));
}

/** An array of the type that holds `dtype`; converts as TensorFlow.js casts. */
export function typedArray(dtype: DType, values: ArrayLike<number>): ConstantData {
  if (dtype === 'float32') return Float32Array.from(values);
  if (dtype === 'int32') return Int32Array.from(values, Math.trunc);
  return Uint8Array.from(values, (value) => (value === 0 ? 0 : 1));
}
