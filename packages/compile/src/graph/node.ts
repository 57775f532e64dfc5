/** Element types of a graph; the same names as in TensorFlow.js. */
export type DType = 'float32' | 'int32' | 'bool';

/** Host data of a constant: float32, int32 and bool in that order. */
export type ConstantData = Float32Array | Int32Array | Uint8Array;

/** Elementwise functions of one tensor. */
export const unaryOps = [
  'abs', 'neg', 'sign', 'exp', 'log', 'sqrt', 'sigmoid', 'tanh', 'relu', 'softplus', 'erf', 'sin', 'cos', 'tan', 'asin', 'acos',
  'atan', 'sinh', 'cosh', 'asinh', 'acosh', 'atanh', 'floor', 'ceil', 'round', 'not', 'isNaN', 'isInf',
] as const; // prettier-ignore

/** Elementwise functions of two tensors, with broadcasting. */
export const binaryOps = [
  'add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'pow', 'mod',
  'equal', 'less', 'lessEqual', 'greater', 'greaterEqual', 'and', 'or', 'xor',
] as const; // prettier-ignore

/** Reductions over a set of axes; the reduced axes are dropped (a reshape puts them back). */
export const reduceOps = ['sum', 'mean', 'max', 'min', 'prod'] as const;

export type UnaryOp = (typeof unaryOps)[number];
export type BinaryOp = (typeof binaryOps)[number];
export type ReduceOp = (typeof reduceOps)[number];

/** Every operation of a graph. Convolutions are NHWC x HWIO save `convNchw` and `convBlocked`, which a pass puts in their place. */
export type Op =
  | UnaryOp
  | BinaryOp
  | ReduceOp
  | 'input'
  | 'constant'
  | 'after'
  | 'cast'
  | 'clip'
  | 'select'
  | 'reshape'
  | 'transpose'
  | 'broadcast'
  | 'concat'
  | 'slice'
  | 'pad'
  | 'tile'
  | 'gather'
  | 'argMax'
  | 'argMin'
  | 'topKValues'
  | 'topKIndices'
  | 'cumsum'
  | 'softmax'
  | 'logSoftmax'
  | 'matMul'
  | 'conv2d'
  | 'conv2dInputGrad'
  | 'conv2dFilterGrad'
  | 'convNchw'
  | 'convBlocked'
  | 'channelAffine'
  | 'channelDot'
  | 'maxPool'
  | 'avgPool';

export type Attrs = Readonly<Record<string, number | string | boolean | readonly number[]>>;

/**
 * One value of a graph and the operation that makes it. Nodes are immutable and point at their operands, so a graph is
 * its outputs: whatever they do not reach does not exist.
 */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly Node[];
  readonly attrs: Attrs;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Of a constant: its elements, or one element that fills the whole shape. */
  readonly data?: ConstantData;
}

/** A function of tensors: inputs in call order (used or not) and outputs. */
export interface Graph {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** True if the shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}
