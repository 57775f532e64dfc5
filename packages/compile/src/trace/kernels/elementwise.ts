import { filled } from '../../graph/constant';
import { add, binary, cast, clip, div, mul, scalar, select, sub, unary } from '../../graph/elementwise';
import type { BinaryOp, Node, UnaryOp } from '../../graph/node';
import type { Kernel, KernelTable } from './kernel';

const unaries: Readonly<Record<string, UnaryOp>> = {
  Abs: 'abs',
  Neg: 'neg',
  Sign: 'sign',
  Exp: 'exp',
  Log: 'log',
  Sqrt: 'sqrt',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Relu: 'relu',
  Softplus: 'softplus',
  Erf: 'erf',
  Sin: 'sin',
  Cos: 'cos',
  Tan: 'tan',
  Asin: 'asin',
  Acos: 'acos',
  Atan: 'atan',
  Sinh: 'sinh',
  Cosh: 'cosh',
  Asinh: 'asinh',
  Acosh: 'acosh',
  Atanh: 'atanh',
  Floor: 'floor',
  Ceil: 'ceil',
  Round: 'round',
  LogicalNot: 'not',
  IsNan: 'isNaN',
  IsInf: 'isInf',
};

const binaries: Readonly<Record<string, BinaryOp>> = {
  Add: 'add',
  AddV2: 'add',
  Sub: 'sub',
  Multiply: 'mul',
  RealDiv: 'div',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Pow: 'pow',
  Mod: 'mod',
  Equal: 'equal',
  Less: 'less',
  LessEqual: 'lessEqual',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
  LogicalAnd: 'and',
  LogicalOr: 'or',
  LogicalXor: 'xor',
};

const one = (x: Node): Node => scalar(1, x);
const zero = (x: Node): Node => scalar(0, x);
/** exp(x) - 1 without cancellation: 2 sinh(x / 2) exp(x / 2). */
const expm1 = (x: Node): Node => {
  const half = mul(x, scalar(0.5, x));
  return mul(mul(unary('sinh', half), unary('exp', half)), scalar(2, x));
};
/** log(1 + x) without cancellation: 2 atanh(x / (2 + x)). */
const log1p = (x: Node): Node => mul(unary('atanh', div(x, add(x, scalar(2, x)))), scalar(2, x));
const elu = (x: Node): Node => select(binary('greaterEqual', x, zero(x)), x, expm1(x));
const leaky = (x: Node, alpha: Node): Node => select(binary('less', x, zero(x)), mul(x, alpha), x);
const asFloat = (x: Node): Node => cast(x, 'float32');

const seluAlpha = 1.7580993408473768;
const seluScale = 1.0507009873554805;

const composed: KernelTable = {
  Identity: ({ x }) => x,
  Cast: ({ x }, { dtype }) => cast(x, dtype as Node['dtype']),
  ClipByValue: ({ x }, { clipValueMin, clipValueMax }) => clip(x, clipValueMin as number, clipValueMax as number),
  Square: ({ x }) => mul(x, x),
  Rsqrt: ({ x }) => div(one(x), unary('sqrt', x)),
  Reciprocal: ({ x }) => div(one(x), x),
  SquaredDifference: ({ a, b }) => {
    const difference = sub(a, b);
    return mul(difference, difference);
  },
  AddN: (inputs) => Object.values(inputs).reduce(add),
  NotEqual: ({ a, b }) => unary('not', binary('equal', a, b)),
  FloorDiv: ({ a, b }) => cast(unary('floor', div(asFloat(a), asFloat(b))), 'int32'),
  Atan2: ({ a, b }) => atan2(a, b),
  Expm1: ({ x }) => expm1(x),
  Log1p: ({ x }) => log1p(x),
  Elu: ({ x }) => elu(x),
  EluGrad: ({ dy, y }) => mul(dy, select(binary('greaterEqual', y, zero(y)), one(y), add(y, one(y)))),
  Selu: ({ x }) =>
    select(binary('greaterEqual', x, zero(x)), mul(x, scalar(seluScale, x)), mul(expm1(x), scalar(seluAlpha, x))),
  Relu6: ({ x }) => clip(x, 0, 6),
  LeakyRelu: ({ x }, { alpha }) => leaky(x, scalar(alpha as number, x)),
  Prelu: ({ x, alpha }) => leaky(x, alpha),
  Step: ({ x }, { alpha }) =>
    select(binary('greater', x, zero(x)), one(x), scalar((alpha as number | undefined) ?? 0, x)),
  IsFinite: ({ x }) => binary('less', unary('abs', x), scalar(Infinity, x)),
  ZerosLike: ({ x }) => filled(0, x.shape, x.dtype),
  OnesLike: ({ x }) => filled(1, x.shape, x.dtype),
};

/** The angle of the point (b, a), from atan of the quotient and the quadrant. */
function atan2(a: Node, b: Node): Node {
  const left = binary('less', b, zero(b));
  const below = binary('less', a, zero(a));
  const turn = select(left, select(below, scalar(-Math.PI, a), scalar(Math.PI, a)), zero(a));
  return add(unary('atan', div(a, b)), turn);
}

/** TensorFlow.js lets bool operands into arithmetic through casts of its own, so operands agree here. */
export const elementwiseKernels: KernelTable = {
  ...Object.fromEntries(Object.entries(unaries).map(([name, op]): [string, Kernel] => [name, ({ x }) => unary(op, x)])),
  ...Object.fromEntries(
    Object.entries(binaries).map(([name, op]): [string, Kernel] => [name, ({ a, b }) => binary(op, a, b)]),
  ),
  ...composed,
};
