import type { DType, Node } from '../graph/node';
import type { Emitter, Lowering, LoweringTable } from './emitter';

const direct: Readonly<Partial<Record<Node['op'], string>>> = {
  abs: 'Abs',
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  relu: 'Relu',
  erf: 'Erf',
  sin: 'Sin',
  cos: 'Cos',
  tan: 'Tan',
  asin: 'Asin',
  acos: 'Acos',
  atan: 'Atan',
  sinh: 'Sinh',
  cosh: 'Cosh',
  asinh: 'Asinh',
  acosh: 'Acosh',
  atanh: 'Atanh',
  floor: 'Floor',
  ceil: 'Ceil',
  round: 'Round',
  not: 'Not',
  isNaN: 'IsNaN',
  isInf: 'IsInf',
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  pow: 'Pow',
  and: 'And',
  or: 'Or',
  xor: 'Xor',
  sign: 'Sign',
};

/** Element types of ONNX by name. */
export const castTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const satisfies Record<DType | 'int64', number>;

/** Emits a cast. */
export function emitCast(out: Emitter, value: string, to: DType): string {
  return out.emit('Cast', [value], { to: castTypes[to] });
}

const operator =
  (opType: string): Lowering =>
  (node, out) =>
    out.emit(
      opType,
      node.inputs.map((operand) => out.name(operand)),
    );

/** Operators that take numbers only: booleans pass through int32. */
const numericOnly =
  (opType: string): Lowering =>
  (node, out) => {
    const names = node.inputs.map((operand) =>
      operand.dtype === 'bool' ? emitCast(out, out.name(operand), 'int32') : out.name(operand),
    );
    return out.emit(opType, names);
  };

/** Elementwise functions, casts and selections. */
export const elementwiseLowerings: LoweringTable = {
  ...Object.fromEntries(Object.entries(direct).map(([op, opType]) => [op, operator(opType)])),
  maximum: operator('Max'),
  minimum: operator('Min'),
  equal: numericOnly('Equal'),
  less: numericOnly('Less'),
  lessEqual: numericOnly('LessOrEqual'),
  greater: numericOnly('Greater'),
  greaterEqual: numericOnly('GreaterOrEqual'),
  // ONNX's Softplus overflows where log(1 + exp(x)) does; this form does not.
  softplus: ({ inputs: [x] }, out) => {
    const value = out.name(x);
    const tail = out.emit('Exp', [out.emit('Neg', [out.emit('Abs', [value])])]);
    const log = out.emit('Log', [out.emit('Add', [tail, out.scalar(1, 'float32')])]);
    return out.emit('Add', [out.emit('Relu', [value]), log]);
  },
  // The sign of the divisor, as in TensorFlow.js; ONNX's own float Mod follows the dividend.
  mod: (node, out) => {
    const [a, b] = node.inputs.map((operand) => out.name(operand));
    if (node.dtype === 'int32') return out.emit('Mod', [a, b]);
    const remainder = out.emit('Mod', [a, b], { fmod: 1 });
    return out.emit('Mod', [out.emit('Add', [remainder, b]), b], { fmod: 1 });
  },
  clip: ({ inputs: [x], attrs, dtype }, out) =>
    out.emit('Clip', [out.name(x), out.scalar(attrs.low as number, dtype), out.scalar(attrs.high as number, dtype)]),
  cast: ({ inputs: [x], dtype }, out) => emitCast(out, out.name(x), dtype),
  select: ({ inputs: [condition, a, b], dtype }, out) => {
    const sides = [a, b].map((side) => (dtype === 'bool' ? emitCast(out, out.name(side), 'int32') : out.name(side)));
    const value = out.emit('Where', [out.name(condition), ...sides]);
    return dtype === 'bool' ? emitCast(out, value, 'bool') : value;
  },
};
