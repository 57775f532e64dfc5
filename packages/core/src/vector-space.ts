import { tf, type Tensor } from '@onestep/tensor';

/**
 * What a sampler may do with images: linear combinations with double-precision coefficients, and clipping.
 * Samplers written over it run on tensors and, in float64, on plain arrays (the oracle of the tests).
 */
export interface VectorSpace<X> {
  /** Sum of coefficient times vector; at least one term. The result is new. */
  combine(...terms: readonly (readonly [number, X])[]): X;
  /** Elementwise clip to [low, high]. */
  clip(x: X, low: number, high: number): X;
  /** Largest absolute value over the batch: only adaptive samplers may call it, since it reads data. */
  rootMeanSquare(x: X): number | Promise<number>;
  /** Runs one step and frees what it made except its result (vectors in any nesting of arrays and records). */
  scope<T>(step: () => T): T;
  /** Frees a vector the sampler no longer needs. */
  dispose(x: X): void;
}

/** Tensors of any shape on the current backend. */
export const tensorSpace: VectorSpace<Tensor> = {
  combine(...terms) {
    // Multiplying by 1 is skipped, except for a lone term: the result must be new.
    const scaled = ([coefficient, x]: readonly [number, Tensor]): Tensor =>
      coefficient === 1 && terms.length > 1 ? x : tf.mul(x, coefficient);
    return tf.tidy(() => terms.map(scaled).reduce((a, b) => tf.add(a, b)));
  },
  clip: (x, low, high) => tf.clipByValue(x, low, high),
  rootMeanSquare: async (x) => {
    const root = tf.tidy(() => tf.sqrt(tf.mean(tf.square(x))));
    const [value] = await root.data();
    root.dispose();
    return value;
  },
  scope: (step) => tf.tidy(step as () => tf.TensorContainer) as ReturnType<typeof step>,
  dispose: (x) => x.dispose(),
};

/** Plain double-precision arrays. */
export const float64Space: VectorSpace<Float64Array> = {
  combine(...terms) {
    const sum = new Float64Array(terms[0][1].length);
    for (const [coefficient, x] of terms) for (let i = 0; i < sum.length; i += 1) sum[i] += coefficient * x[i];
    return sum;
  },
  clip: (x, low, high) => x.map((value) => Math.min(high, Math.max(low, value))),
  rootMeanSquare: (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length),
  scope: (step) => step(),
  dispose: () => undefined,
};
