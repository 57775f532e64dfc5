import { emitCast } from './elementwise';
import type { Emitter, Lowering, LoweringTable } from './emitter';
import type { Node } from '../graph/node';

const reduction =
  (opType: string): Lowering =>
  ({ inputs: [x], attrs }, out) =>
    out.emit(opType, [out.name(x), out.int64s(attrs.axes as readonly number[])], { keepdims: 0 });

const argument =
  (opType: string): Lowering =>
  ({ inputs: [x], attrs }, out) =>
    emitCast(out, out.emit(opType, [out.name(x)], { axis: attrs.axis as number, keepdims: 0 }), 'int32');

const normalizing =
  (opType: string): Lowering =>
  ({ inputs: [x], attrs }, out) =>
    out.emit(opType, [out.name(x)], { axis: attrs.axis as number });

function topK({ inputs: [x], attrs }: Node, out: Emitter, output: 0 | 1): string {
  // Values and indices are two nodes of our graph and one operator of ONNX, wherever both are wanted.
  const k = attrs.k as number;
  const name = out.name(x);
  const values = out.once(
    `topK:${name}:${k}`,
    () => out.emitMany('TopK', [name, out.int64s([k])], 2, { axis: -1, sorted: 1 })[0],
  );
  return output === 0 ? values : emitCast(out, `${values}_1`, 'int32');
}

/** Reductions and what goes along one axis. */
export const reduceLowerings: LoweringTable = {
  sum: reduction('ReduceSum'),
  mean: reduction('ReduceMean'),
  max: reduction('ReduceMax'),
  min: reduction('ReduceMin'),
  prod: reduction('ReduceProd'),
  argMax: argument('ArgMax'),
  argMin: argument('ArgMin'),
  softmax: normalizing('Softmax'),
  logSoftmax: normalizing('LogSoftmax'),
  cumsum: ({ inputs: [x], attrs }, out) =>
    out.emit('CumSum', [out.name(x), out.scalar(attrs.axis as number, 'int32')], {
      exclusive: attrs.exclusive === true ? 1 : 0,
      reverse: attrs.reverse === true ? 1 : 0,
    }),
  topKValues: (node, out) => topK(node, out, 0),
  topKIndices: (node, out) => topK(node, out, 1),
};
