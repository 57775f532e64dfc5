/** Mean and covariance of feature vectors. */
export interface GaussianMoments {
  /** `[d]`. */
  readonly mean: ArrayLike<number>;
  /** `[d, d]` row by row, symmetric, positive semi-definite up to rounding. */
  readonly covariance: ArrayLike<number>;
}
