import { cast } from '../../graph/elementwise';
import { reduce, reduceKeep } from '../../graph/linear';
import type { Node, ReduceOp } from '../../graph/node';
import { axesOf, type Kernel, type KernelTable } from './kernel';

/** Arithmetic on booleans counts in int32. */
const numeric = (x: Node): Node => (x.dtype === 'bool' ? cast(x, 'int32') : x);

function reduction(op: ReduceOp, prepare: (x: Node) => Node = numeric): Kernel {
  return ({ x }, { axis, reductionIndices, keepDims }) => {
    const axes = axesOf(axis ?? reductionIndices, x.shape.length);
    return (keepDims === true ? reduceKeep : reduce)(op, prepare(x), axes);
  };
}

/** Any and all as the largest and smallest of 0 and 1. */
function booleanReduction(op: 'max' | 'min'): Kernel {
  const counted = reduction(op, (x) => cast(x, 'int32'));
  return (inputs, attrs) => cast(counted(inputs, attrs) as Node, 'bool');
}

function argument(op: 'argMax' | 'argMin'): Kernel {
  return ({ x }, { axis }) => {
    const [at] = axesOf(axis, x.shape.length);
    return { op, inputs: [x], attrs: { axis: at }, shape: x.shape.filter((_, i) => i !== at), dtype: 'int32' };
  };
}

function normalizing(op: 'softmax' | 'logSoftmax', attr: 'dim' | 'axis'): Kernel {
  return ({ logits }, attrs) => {
    const [axis] = axesOf(attrs[attr] ?? -1, logits.shape.length);
    return { op, inputs: [logits], attrs: { axis }, shape: logits.shape, dtype: logits.dtype };
  };
}

export const reduceKernels: KernelTable = {
  Sum: reduction('sum'),
  Mean: reduction('mean', (x) => cast(x, 'float32')),
  Max: reduction('max'),
  Min: reduction('min'),
  Prod: reduction('prod'),
  Any: booleanReduction('max'),
  All: booleanReduction('min'),
  ArgMax: argument('argMax'),
  ArgMin: argument('argMin'),
  Softmax: normalizing('softmax', 'dim'),
  LogSoftmax: normalizing('logSoftmax', 'axis'),
  Cumsum: ({ x }, { axis, exclusive, reverse }) => {
    const [at] = axesOf(axis, x.shape.length);
    const attrs = { axis: at, exclusive: exclusive === true, reverse: reverse === true };
    return { op: 'cumsum', inputs: [x], attrs, shape: x.shape, dtype: x.dtype };
  },
  TopK: ({ x }, { k, sorted }) => {
    const shape = [...x.shape.slice(0, -1), k as number];
    const attrs = { k: k as number, sorted: sorted !== false };
    return [
      { op: 'topKValues', inputs: [x], attrs, shape, dtype: x.dtype },
      { op: 'topKIndices', inputs: [x], attrs, shape, dtype: 'int32' },
    ];
  },
};
