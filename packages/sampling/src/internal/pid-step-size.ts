/** How a PID controller reacts to the errors of the last steps. */
export interface PidOptions {
  /** First step size. */
  readonly initial: number;
  /** Order that the error is taken to the root of. */
  readonly order: number;
  readonly proportional: number;
  readonly integral: number;
  readonly derivative: number;
  /** A step is accepted if the factor it proposes is at least this. */
  readonly acceptSafety: number;
}

/** Step size control. */
export interface PidStepSize {
  /** The size to try next. */
  size(): number;
  /** Takes in a trial's error, 1 being the tolerance; says whether its step stands. */
  accepts(error: number): boolean;
}

/**
 * PID control of a step size: the size is multiplied by 1 + atan(f - 1), f = e_n^-b1 e_{n-1}^-b2 e_{n-2}^-b3, with
 * b1 = (p + i + d) / order, b2 = -(p + 2 d) / order, b3 = d / order and e the errors of the trial and of the last two
 * accepted steps.
 *
 * @see Soderlind 2003, Digital filters in adaptive time-stepping; k-diffusion `PIDStepSizeController`
 */
export function pidStepSize({
  initial,
  order,
  proportional,
  integral,
  derivative,
  acceptSafety,
}: PidOptions): PidStepSize {
  const exponents = [proportional + integral + derivative, -(proportional + 2 * derivative), derivative];
  let size = initial;
  let accepted: readonly [number, number] | undefined;
  return {
    size: () => size,
    accepts(error) {
      // The offset keeps an error of 0 finite.
      const inverse = 1 / (error + 1e-8);
      const [last, beforeLast] = accepted ?? [inverse, inverse];
      // The first trial stands for the steps before it, accepted or not.
      accepted ??= [inverse, inverse];
      const raw = [inverse, last, beforeLast].reduce((f, value, i) => f * value ** (exponents[i] / order), 1);
      const factor = 1 + Math.atan(raw - 1);
      size *= factor;
      if (factor < acceptSafety) return false;
      accepted = [inverse, last];
      return true;
    },
  };
}
