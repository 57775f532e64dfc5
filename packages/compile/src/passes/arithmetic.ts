import type { BinaryOp, DType, Op, UnaryOp } from '../graph/node';

// The functions that are exact in double precision, or whose last bit does not matter: the rest is left to the executor.
const unaries: Readonly<Partial<Record<UnaryOp, (x: number) => number>>> = {
  abs: Math.abs,
  neg: (x) => -x,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => Math.max(0, x),
  floor: Math.floor,
  ceil: Math.ceil,
  not: (x) => 1 - x,
};

const truth = (value: boolean): number => (value ? 1 : 0);

const binaries: Readonly<Partial<Record<BinaryOp, (a: number, b: number) => number>>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  maximum: Math.max,
  minimum: Math.min,
  pow: Math.pow,
  equal: (a, b) => truth(a === b),
  less: (a, b) => truth(a < b),
  lessEqual: (a, b) => truth(a <= b),
  greater: (a, b) => truth(a > b),
  greaterEqual: (a, b) => truth(a >= b),
  and: (a, b) => truth(a !== 0 && b !== 0),
  or: (a, b) => truth(a !== 0 || b !== 0),
  xor: (a, b) => truth(a !== b),
};

/** An elementwise operation on one number, rounded as its dtype is; undefined if it is not to be done here. */
export function evaluateUnary(op: Op, x: number, dtype: DType): number | undefined {
  const result = unaries[op as UnaryOp]?.(x);
  return result === undefined ? undefined : rounded(result, dtype);
}

/** An elementwise operation on two numbers. */
export function evaluateBinary(op: Op, a: number, b: number, dtype: DType): number | undefined {
  // Integer division rounds in a way of its own.
  const result = op === 'div' && dtype === 'float32' ? a / b : binaries[op as BinaryOp]?.(a, b);
  return result === undefined ? undefined : rounded(result, dtype);
}

/** True if the operation is one of two tensors, elementwise. */
export function isBinary(op: Op): op is BinaryOp {
  return op in binaries || op === 'div' || op === 'mod';
}

function rounded(value: number, dtype: DType): number {
  if (dtype === 'float32') return Math.fround(value);
  return dtype === 'int32' ? Math.trunc(value) : truth(value !== 0);
}
