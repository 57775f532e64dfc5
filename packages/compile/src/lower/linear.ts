import { windowOf } from '../graph/linear';
import type { Lowering, LoweringTable } from './emitter';

/** Operators of ONNX Runtime beyond the standard. */
const runtimeDomain = 'com.microsoft';

const swapLast = (rank: number): number[] => {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return [...axes.slice(0, -2), rank - 1, rank - 2];
};

const pooling =
  (opType: string): Lowering =>
  ({ inputs: [x], attrs }, out) => {
    const { strides, pads } = attrs as unknown as {
      readonly strides: readonly number[];
      readonly pads: readonly number[];
    };
    const nchw = out.emit('Transpose', [out.name(x)], { perm: [0, 3, 1, 2] });
    const pooled = out.emit(opType, [nchw], { kernel_shape: attrs.kernel as readonly number[], strides, pads });
    return out.emit('Transpose', [pooled], { perm: [0, 2, 3, 1] });
  };

/** Matrix products, convolutions and pooling. */
export const linearLowerings: LoweringTable = {
  matMul: ({ inputs, attrs, dtype }, out) => {
    const [a, b] = inputs.map((operand) => out.name(operand));
    const transposed = [attrs.transposeA === true, attrs.transposeB === true];
    if (dtype === 'float32' && transposed.includes(true)) {
      const [transA, transB] = transposed.map(Number);
      if (inputs.every(({ shape }) => shape.length === 2)) return out.emit('Gemm', [a, b], { transA, transB });
      if (!out.portable) return out.emit('FusedMatMul', [a, b], { transA, transB, alpha: { float: 1 } }, runtimeDomain);
    }
    const [left, right] = [a, b].map((name, i) =>
      transposed[i] ? out.emit('Transpose', [name], { perm: swapLast(inputs[i].shape.length) }) : name,
    );
    return out.emit('MatMul', [left, right]);
  },
  convNchw: (node, out) => {
    const { strides, dilations, pads } = windowOf(node);
    const [x, filter] = node.inputs;
    const kernel = filter.shape.slice(2);
    return out.emit('Conv', [out.name(x), out.name(filter)], { strides, dilations, pads, kernel_shape: kernel });
  },
  maxPool: pooling('MaxPool'),
  avgPool: pooling('AveragePool'),
};
