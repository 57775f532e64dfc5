import type { BackendName } from '../backends/backend-names';
import { useBackend } from '../backends/use-backend';
import { tf, type Tensor, type Tensor4D } from '../tf';
import { gradientError, patternedValues } from './central-differences';

/** Largest relative error that truncation (step 1e-2) and float32 rounding explain for the functions below. */
export const gradientTolerance = 1e-2;

/** The gradient of one operation on one backend, against central differences. */
export interface GradientCheck {
  readonly operation: string;
  /** Largest error relative to 1 + the largest gradient; `NaN` if the operation threw or gave NaN. */
  readonly maxError: number;
  readonly passed: boolean;
  /** Message of the exception, if one was thrown. */
  readonly problem?: string;
}

interface Case {
  readonly operation: string;
  readonly shapes: readonly (readonly number[])[];
  readonly f: (...inputs: Tensor[]) => Tensor;
}

const convolution =
  (stride: number, pad: 'same' | 'valid') =>
  (x: Tensor, filter: Tensor): Tensor =>
    tf.conv2d(x as Tensor4D, filter as Tensor4D, stride, pad);

const groupNorm = (x: Tensor): Tensor => {
  const mean = tf.mean(x, [1, 2], true);
  const centred = tf.sub(x, mean);
  return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), [1, 2], true), 1e-2)));
};

const cases: readonly Case[] = [
  {
    operation: 'conv2d 3x3',
    shapes: [
      [2, 5, 4, 3],
      [3, 3, 3, 2],
    ],
    f: convolution(1, 'same'),
  },
  {
    operation: 'conv2d 3x3 valid',
    shapes: [
      [2, 5, 4, 3],
      [3, 3, 3, 2],
    ],
    f: convolution(1, 'valid'),
  },
  {
    operation: 'conv2d 3x3 stride 2',
    shapes: [
      [2, 6, 5, 3],
      [3, 3, 3, 2],
    ],
    f: convolution(2, 'same'),
  },
  {
    operation: 'conv2d 1x1',
    shapes: [
      [2, 3, 3, 4],
      [1, 1, 4, 5],
    ],
    f: convolution(1, 'same'),
  },
  {
    operation: 'conv2d 1x1 stride 2',
    shapes: [
      [2, 4, 4, 3],
      [1, 1, 3, 2],
    ],
    f: convolution(2, 'same'),
  },
  {
    operation: 'matMul',
    shapes: [
      [5, 4],
      [4, 3],
    ],
    f: (a, b) => tf.matMul(a, b),
  },
  {
    operation: 'matMul batched',
    shapes: [
      [2, 20, 16],
      [2, 20, 16],
    ],
    f: (a, b) => tf.matMul(a, b, false, true),
  },
  { operation: 'group norm', shapes: [[2, 3, 3, 4]], f: groupNorm },
  { operation: 'softmax', shapes: [[3, 5]], f: (x) => tf.softmax(x) },
  { operation: 'silu', shapes: [[3, 5]], f: (x) => tf.mul(x, tf.sigmoid(x)) },
  { operation: 'exp, log, sqrt', shapes: [[6]], f: (x) => tf.sqrt(tf.add(tf.log(tf.add(tf.exp(x), 2)), 1)) },
  { operation: 'sin, cos', shapes: [[6]], f: (x) => tf.mul(tf.sin(x), tf.cos(x)) },
  {
    operation: 'broadcast add and multiply',
    shapes: [[2, 3, 4], [4], [2, 1, 1]],
    f: (x, b, s) => tf.mul(tf.add(x, b), s),
  },
  {
    operation: 'pad',
    shapes: [[2, 3, 2, 2]],
    f: (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ]),
  },
  {
    operation: 'concat',
    shapes: [
      [2, 2, 3],
      [2, 2, 4],
    ],
    f: (a, b) => tf.concat([a, b], 2),
  },
  { operation: 'slice', shapes: [[3, 4, 3]], f: (x) => tf.slice(x, [1, 0, 1], [2, 3, 2]) },
  { operation: 'split', shapes: [[2, 6]], f: (x) => tf.mul(...(tf.split(x, 2, 1) as [Tensor, Tensor])) },
  { operation: 'tile', shapes: [[2, 1, 2, 2]], f: (x) => tf.tile(x, [1, 2, 1, 2]) },
  { operation: 'transpose', shapes: [[2, 3, 4]], f: (x) => tf.transpose(x, [2, 0, 1]) },
  { operation: 'gather', shapes: [[4, 3]], f: (x) => tf.gather(x, tf.tensor1d([3, 1, 1, 0], 'int32')) },
];

/**
 * Checks on one backend the gradients of the operations that networks use, against central differences. The backend that
 * was in use before is in use again afterwards.
 *
 * @param name - the backend to check
 * @returns one entry per operation
 * @throws {@link OnestepError} `missing-backend`
 */
export async function checkGradients(name: BackendName): Promise<GradientCheck[]> {
  const before = tf.engine().backendName;
  await useBackend(name);
  const checks: GradientCheck[] = [];
  try {
    for (const { operation, shapes, f } of cases) {
      const inputs = shapes.map((shape, i) => patternedValues(shape, i + 1));
      try {
        const maxError = await gradientError(f, inputs);
        checks.push({ operation, maxError, passed: maxError <= gradientTolerance });
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        checks.push({ operation, maxError: NaN, passed: false, problem });
      } finally {
        inputs.forEach((input) => input.dispose());
      }
    }
  } finally {
    if (before) await tf.setBackend(before);
  }
  return checks;
}
