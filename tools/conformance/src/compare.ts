/** How far a result may be from the reference. */
export interface Tolerance {
  /**
   * `rel`: |a - b| <= value (1 + max|b|) over the tensor; `abs`: |a - b| <= value; `peak`: |a - b| <= value max|b|
   * (gradients); `exact`: equal.
   */
  readonly kind: 'rel' | 'abs' | 'peak' | 'exact';
  readonly value: number;
}

/** Tolerances of the golden folder's table. */
export const tolerances = {
  schedule: { kind: 'rel', value: 1e-12 },
  scheduleFloat32: { kind: 'rel', value: 1e-5 },
  sampler: { kind: 'rel', value: 1e-9 },
  network: { kind: 'rel', value: 1e-4 },
  networkGradient: { kind: 'peak', value: 1e-3 },
  optimizer: { kind: 'rel', value: 1e-11 },
  optimizerFloat32: { kind: 'rel', value: 1e-5 },
  frechet: { kind: 'peak', value: 1e-6 },
  score: { kind: 'rel', value: 1e-9 },
  exact: { kind: 'exact', value: 0 },
} as const satisfies Record<string, Tolerance>;

/**
 * The least unit of a Frechet distance, which is a difference of traces: its rounding follows their sum, not the distance.
 * Equal moments have the distance 0, and the reference the root of an eigenvalue that is 0 but for rounding.
 */
export function frechetUnit(traces: number): () => number {
  return () => Math.min(1, traces);
}

/** The outcome of one case. */
export interface Comparison {
  readonly passed: boolean;
  /** Largest |a - b|. */
  readonly maxAbs: number;
  /** Largest |a - b| in the unit that the tolerance is measured in. */
  readonly maxRel: number;
  readonly tolerance: Tolerance;
  /** What is wrong beside the numbers, or which tensor is worst. */
  readonly note?: string | undefined;
}

/**
 * Compares one tensor.
 *
 * @param actual - what the packages computed
 * @param expected - what the reference computed
 * @param leastUnit - the unit of the tolerance is not smaller than this; default 0
 */
export function compare(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  leastUnit = 0,
): Comparison {
  if (actual.length !== expected.length) {
    const note = `got ${actual.length} values, the reference has ${expected.length}`;
    return { passed: false, maxAbs: Infinity, maxRel: Infinity, tolerance, note };
  }
  let maxAbs = 0;
  let peak = 0;
  for (let i = 0; i < expected.length; i += 1) {
    // Infinite where either is not finite and they differ: NaN must not compare as close.
    const gap = Object.is(actual[i], expected[i]) ? 0 : Math.abs(actual[i] - expected[i]);
    maxAbs = Math.max(maxAbs, Number.isNaN(gap) ? Infinity : gap);
    peak = Math.max(peak, Math.abs(expected[i]));
  }
  const unit = { rel: 1 + peak, abs: 1, peak: peak === 0 ? 1 : peak, exact: 1 }[tolerance.kind];
  const maxRel = maxAbs / Math.max(unit, leastUnit);
  return { passed: maxRel <= tolerance.value, maxAbs, maxRel, tolerance };
}

/** Compares several named tensors under one tolerance; the worst speaks for all. */
export function compareAll(
  tensors: Readonly<Record<string, readonly [actual: ArrayLike<number>, expected: ArrayLike<number>]>>,
  tolerance: Tolerance,
  leastUnit: (expected: ArrayLike<number>) => number = () => 0,
): Comparison {
  let worst: Comparison | undefined;
  for (const [name, [actual, expected]] of Object.entries(tensors)) {
    const comparison = compare(actual, expected, tolerance, leastUnit(expected));
    const note = comparison.note === undefined ? name : `${name}: ${comparison.note}`;
    if (worst === undefined || comparison.maxRel > worst.maxRel) worst = { ...comparison, note };
  }
  return worst ?? { passed: false, maxAbs: Infinity, maxRel: Infinity, tolerance, note: 'nothing to compare' };
}
