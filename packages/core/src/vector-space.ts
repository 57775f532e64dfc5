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
  /**
   * Root mean square over the batch of `difference` / max(absolute, relative max(|a|, |b|)), elementwise: the error of
   * a step as step size control measures it. Only adaptive samplers may call it, since it reads data.
   */
  scaledError(difference: X, scale: ErrorScale<X>): number | Promise<number>;
  /** Runs one step and frees what it made except its result (vectors in any nesting of arrays and records). */
  scope<T>(step: () => T): T;
  /** Frees a vector the sampler no longer needs. */
  dispose(x: X): void;
}

/** What an error is measured by. */
export interface ErrorScale<X> {
  /** Tolerance near 0, > 0. */
  readonly absolute: number;
  /** Tolerance relative to the larger of `a` and `b`, >= 0. */
  readonly relative: number;
  readonly a: X;
  readonly b: X;
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
  scaledError: async (difference, { absolute, relative, a, b }) => {
    const root = tf.tidy(() => {
      const scale = tf.maximum(tf.mul(tf.maximum(tf.abs(a), tf.abs(b)), relative), absolute);
      return tf.sqrt(tf.mean(tf.square(tf.div(difference, scale))));
    });
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
  scaledError: (difference, { absolute, relative, a, b }) => {
    const scaled = difference.map(
      (value, i) => value / Math.max(absolute, relative * Math.max(Math.abs(a[i]), Math.abs(b[i]))),
    );
    return Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0) / scaled.length);
  },
  scope: (step) => step(),
  dispose: () => undefined,
};
