import { requireAtLeast, requireInteger, requireOneOf } from '../internal/arguments';

const scaleModes = ['fixed', 'progressive', 'progdist'] as const;
const emaModes = ['fixed', 'adaptive'] as const;
const adaptiveForms = ['code', 'paper'] as const;

/** Options of {@link consistencyCurriculum}. */
export interface ConsistencyCurriculumOptions {
  /** How N moves: `fixed`, `progressive` (consistency training), `progdist` (progressive distillation). */
  readonly scaleMode: (typeof scaleModes)[number];
  /** How the target decay moves: `fixed` (default), or `adaptive`, which needs a progressive N. */
  readonly emaMode?: (typeof emaModes)[number];
  /** Target decay mu0, in [0, 1); in (0, 1) for `adaptive`; `progdist` ignores it; default 0. */
  readonly startEma?: number;
  /** s0, integer >= 1; for `fixed` >= 2. */
  readonly startScales: number;
  /** s1, integer >= s0, for `progressive`, the only mode that reads it; default s0. */
  readonly endScales?: number;
  /** Length K of the training, integer >= 1, for `progressive`. */
  readonly totalSteps?: number;
  /** Steps between two halvings, integer >= 1, for `progdist`. */
  readonly distillStepsPerIteration?: number;
  /** mu(k) of the released code (default) or of the paper. */
  readonly adaptiveForm?: (typeof adaptiveForms)[number];
}

/** Values of the curriculum at one step. */
export interface CurriculumValues {
  /** Number of grid points N. For `progdist`, the number of intervals of the student. */
  readonly numScales: number;
  /** Decay mu of the target network; 1 for `progdist`, which has none. */
  readonly targetEma: number;
}

/**
 * Curriculum of consistency models: number of grid points and decay of the target network at each step.
 *
 * progressive: M(k) = ceil(sqrt(k / K ((s1 + 1)^2 - s0^2) + s0^2) - 1), N(k) = M(k) + 1, from s0 to s1 + 1.
 * adaptive: mu(k) = exp(s0 ln mu0 / max(1, M(k))) in the released code, exp(s0 ln mu0 / N(k)) in the paper.
 * progdist: N halves every `distillStepsPerIteration` steps; the last two stages, 2 and 1, last twice as long.
 *
 * @param options - see {@link ConsistencyCurriculumOptions}
 * @returns the curriculum as a function of the step k >= 0; from K on `progressive` stays at its end
 * @throws {@link RangeError} if a bound is violated or an option the mode needs is absent; the curriculum itself, if k is not such an integer
 * @remarks The released code grows beyond s1 + 1 after K; this holds the value instead.
 * @see Song et al. 2023, appendix C; openai/consistency_models, create_ema_and_scales_fn
 */
export function consistencyCurriculum({
  scaleMode,
  emaMode = 'fixed',
  startEma = 0,
  startScales,
  endScales = startScales,
  totalSteps = Number.NaN,
  distillStepsPerIteration = Number.NaN,
  adaptiveForm = 'code',
}: ConsistencyCurriculumOptions): (step: number) => CurriculumValues {
  const where = 'consistencyCurriculum';
  requireOneOf(where, 'scaleMode', scaleMode, scaleModes);
  requireOneOf(where, 'emaMode', emaMode, emaModes);
  requireOneOf(where, 'adaptiveForm', adaptiveForm, adaptiveForms);
  // A grid has two points at least; where N counts intervals or is raised to two, it may start from one.
  requireInteger(where, 'startScales', startScales, scaleMode === 'fixed' ? 2 : 1);
  if (scaleMode === 'progressive') requireInteger(where, 'endScales', endScales, startScales);
  requireAtLeast(where, 'startEma', startEma, 0);
  if (startEma >= 1 && scaleMode !== 'progdist')
    throw new RangeError(`${where}: startEma must be < 1, got ${startEma}.`);
  if (emaMode === 'adaptive' && (scaleMode !== 'progressive' || startEma === 0)) {
    throw new RangeError(
      `${where}: emaMode "adaptive" needs scaleMode "progressive" and startEma > 0, got "${scaleMode}" and ${startEma}.`,
    );
  }
  if (scaleMode === 'progressive') requireInteger(where, 'totalSteps', totalSteps, 1);
  if (scaleMode === 'progdist') requireInteger(where, 'distillStepsPerIteration', distillStepsPerIteration, 1);

  return (step) => {
    requireInteger(where, 'step', step, 0);
    if (scaleMode === 'fixed') return { numScales: startScales, targetEma: startEma };
    if (scaleMode === 'progdist') {
      return { numScales: halvedScales(step, startScales, distillStepsPerIteration), targetEma: 1 };
    }
    const progress = Math.min(1, step / totalSteps);
    const root = Math.sqrt(progress * ((endScales + 1) ** 2 - startScales ** 2) + startScales ** 2);
    const intervals = Math.max(1, Math.ceil(root - 1));
    const numScales = intervals + 1;
    if (emaMode === 'fixed') return { numScales, targetEma: startEma };
    const exponent = startScales * Math.log(startEma);
    return { numScales, targetEma: Math.exp(exponent / (adaptiveForm === 'code' ? intervals : numScales)) };
  };
}

function halvedScales(step: number, startScales: number, stepsPerIteration: number): number {
  const scales = Math.floor(startScales / 2 ** Math.floor(step / stepsPerIteration));
  if (scales > 2) return scales;
  // The stages with 2 and with 1 interval take twice the steps of the others.
  const inLastStages = Math.max(0, step - stepsPerIteration * (Math.log2(startScales) - 1));
  return Math.max(1, Math.floor(2 / 2 ** Math.floor(inLastStages / (2 * stepsPerIteration))));
}
