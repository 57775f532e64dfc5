import { tf, type Params, type Scalar, type Tensor, type Tensor1D } from '@onestep/tensor';
import { discriminator } from '../internal/discriminator';
import { balanced } from '../internal/last-layer-norm';
import type { Optimizer } from '../optimizers/optimizer';
import { radam } from '../optimizers/radam';
import type { Adversary } from './objective';

/** Options of the adversarial term of {@link ctmObjective}. */
export interface CtmAdversarialOptions {
  /** Updates of the student before the term begins, integer >= 0. */
  readonly startStep: number;
  /** Bounds of the adaptive weight, 0 <= weightMin <= weightMax; defaults 0.01 and 10. */
  readonly weightMin?: number | undefined;
  readonly weightMax?: number | undefined;
  /** Width of the discriminator, integer >= 1; default 64. */
  readonly channels?: number | undefined;
  /** Of the discriminator; default RAdam with betas 0.5 and 0.9. */
  readonly optimizer?: Optimizer | undefined;
  /** Constant, > 0; default 2e-3. */
  readonly learningRate?: number | undefined;
}

/** The adversarial term with its discriminator D, a small network of raw images. */
export interface CtmAdversarial {
  readonly adversary: Adversary;
  /** -D(fake) of each image, `[B]`. */
  term(params: Params, fake: Tensor): Tensor1D;
  /** lambda, without gradient: the quotient of both gradients' norms, within the bounds. */
  weight(first: Scalar, second: Scalar): Scalar;
}

/** Makes the term; its options are checked. */
export function ctmAdversarial(options: CtmAdversarialOptions): CtmAdversarial {
  const { startStep, weightMin = 0.01, weightMax = 10, channels = 64, learningRate = 2e-3 } = options;
  const { optimizer = radam({ betas: [0.5, 0.9] }) } = options;
  check({ startStep, weightMin, weightMax, channels, learningRate });
  const network = (shape: readonly number[]) => discriminator(shape, channels);
  const scoreOf = (params: Params, x: Tensor): Tensor1D => network(x.shape.slice(1)).score(params, x);
  return {
    adversary: {
      startStep,
      optimizer,
      learningRate,
      shapes: (shape) => network(shape).shapes,
      init: (shape, rng) => network(shape).init(rng),
      // The hinge: max(0, 1 - D(real)) + max(0, 1 + D(fake)).
      loss: (params, { images }, { fake }) =>
        tf.add(tf.relu(tf.sub(1, scoreOf(params, images))), tf.relu(tf.add(1, scoreOf(params, fake)))),
    },
    term: (params, fake) => tf.neg(scoreOf(params, fake)),
    weight: (first, second) => tf.maximum(balanced(first, second, weightMax), tf.scalar(weightMin)),
  };
}

function check({
  startStep,
  weightMin,
  weightMax,
  channels,
  learningRate,
}: Readonly<Record<'startStep' | 'weightMin' | 'weightMax' | 'channels' | 'learningRate', number>>): void {
  const where = 'ctmObjective: adversarial';
  if (!Number.isSafeInteger(startStep) || startStep < 0) {
    throw new RangeError(`${where}.startStep must be an integer >= 0, got ${startStep}.`);
  }
  if (!(weightMin >= 0 && weightMin <= weightMax && weightMax < Infinity)) {
    throw new RangeError(
      `${where}: weights must satisfy 0 <= weightMin <= weightMax, got ${weightMin} and ${weightMax}.`,
    );
  }
  if (!Number.isSafeInteger(channels) || channels < 1) {
    throw new RangeError(`${where}.channels must be an integer >= 1, got ${channels}.`);
  }
  if (!(learningRate > 0 && learningRate < Infinity)) {
    throw new RangeError(`${where}.learningRate must be > 0, got ${learningRate}.`);
  }
}
