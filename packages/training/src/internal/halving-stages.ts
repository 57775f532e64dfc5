import type { Progress, Stage } from '../objectives/objective';

/** Options of {@link halvingStages}. */
export interface HalvingStagesOptions {
  /** Intervals N of the first and of the last stage; their ratio is a power of two. */
  readonly startScales: number;
  readonly endScales: number;
  /** How many of the last stages get twice the steps of the others, integer >= 0. */
  readonly doubledStages: number;
}

/** The stages of progressive distillation. */
export interface HalvingStages {
  /** N of a stage: startScales / 2^index. */
  readonly numScalesOf: (index: number) => number;
  /** The stage a step belongs to; from totalSteps on, the last one. */
  readonly stage: (progress: Pick<Progress, 'step' | 'totalSteps'>) => Stage;
}

/**
 * Cuts a run into stages in which the number of intervals halves from `startScales` to `endScales`; all are as long as
 * rounding allows, the last `doubledStages` twice as long as the others.
 *
 * @throws {@link RangeError} if a bound is violated; `stage` itself, if the run has fewer steps than that needs
 */
export function halvingStages(
  where: string,
  { startScales, endScales, doubledStages }: HalvingStagesOptions,
): HalvingStages {
  for (const [name, value, least] of [
    ['startScales', startScales, 1],
    ['endScales', endScales, 1],
    ['doubledStages', doubledStages, 0],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`${where}: ${name} must be an integer >= ${least}, got ${value}.`);
    }
  }
  const halvings = Math.log2(startScales / endScales);
  if (!Number.isInteger(halvings) || halvings < 0) {
    throw new RangeError(
      `${where}: startScales must be endScales = ${endScales} times a power of two, got ${startScales}.`,
    );
  }
  const numStages = halvings + 1;
  const single = Math.max(0, numStages - doubledStages);
  const partsBefore = (index: number): number => index + Math.max(0, index - single);
  const parts = partsBefore(numStages);
  return {
    numScalesOf: (index) => startScales / 2 ** index,
    stage({ step, totalSteps }) {
      if (totalSteps < parts) {
        throw new RangeError(
          `${where}: ${numStages} stages need at least ${parts} steps, got ${totalSteps}. Train longer or lower startScales.`,
        );
      }
      const beginOf = (index: number): number => Math.round((totalSteps * partsBefore(index)) / parts);
      let index = 0;
      while (index + 1 < numStages && step >= beginOf(index + 1)) index += 1;
      const begin = beginOf(index);
      return { index, step: step - begin, totalSteps: beginOf(index + 1) - begin };
    },
  };
}
