import { constant, filled, typedArray } from '../../graph/constant';
import { binary, select } from '../../graph/elementwise';
import type { DType, Node } from '../../graph/node';
import { reshape } from '../../graph/shape-ops';
import type { KernelTable } from './kernel';

const counted = (count: number, element: (i: number) => number, dtype: DType): Node =>
  constant(
    typedArray(
      dtype,
      Array.from({ length: count }, (_, i) => element(i)),
    ),
    [count],
    dtype,
  );

export const creationKernels: KernelTable = {
  Fill: (_, { shape, value, dtype }) => filled(value as number, shape as number[], (dtype ?? 'float32') as DType),
  Range: (_, { start, stop, step, dtype }) => {
    const [from, to, by] = [start as number, stop as number, step as number];
    // A step that leads away from the end makes an empty range, as in TensorFlow.js.
    const count = Math.max(0, Math.ceil((to - from) / by));
    return counted(count, (i) => from + i * by, (dtype ?? 'float32') as DType);
  },
  LinSpace: (_, { start, stop, num }) => {
    const [from, to, count] = [start as number, stop as number, num as number];
    return counted(count, (i) => from + (i * (to - from)) / Math.max(1, count - 1), 'float32');
  },
  OneHot: ({ indices }, { depth, onValue, offValue, dtype }) => {
    const classes = counted(depth as number, (i) => i, 'int32');
    const hit = binary('equal', reshape(indices, [...indices.shape, 1]), classes);
    const type = (dtype ?? 'float32') as DType;
    return select(hit, filled(onValue as number, [], type), filled(offValue as number, [], type));
  },
};
