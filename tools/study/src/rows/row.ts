import type { MethodName, RecipeInput } from '@onestep/training';

/** How one number of network calls turns noise into samples. */
export type SamplePlan =
  /** Denoise, renoise, denoise: the levels where a consistency function is called. Random from the second call on. */
  | { readonly kind: 'multistep'; readonly levels: readonly number[] }
  /** Deterministic jumps from level to level, the last one being where the trajectory ends. */
  | { readonly kind: 'jumps'; readonly levels: readonly number[] }
  /** Euler steps on the PF ODE of a denoiser; the last level may be 0. */
  | { readonly kind: 'euler'; readonly levels: readonly number[] };

/** Weights a row starts from: fresh ones, or what an earlier row ended with. */
export type Start = 'random' | (string & {});

/** One line of a study: a method, what it needs from other lines, and how its model is sampled. */
export interface Row {
  /** Name of the line, for example `2-rf`. */
  readonly name: string;
  readonly method: MethodName;
  readonly start: Start;
  /** Distils a teacher: the study's exact denoiser or its teacher network. */
  readonly teacher?: boolean | undefined;
  /** Trains on pairs of noise and sample: from the teacher, or from the model of an earlier row. */
  readonly pairs?: 'teacher' | (string & {}) | undefined;
  /** The network takes a second time. */
  readonly secondTime?: boolean | undefined;
  readonly objective?: Readonly<Record<string, unknown>> | undefined;
  /** Whatever of the recipe differs from the study's common part. */
  readonly recipe?: Partial<RecipeInput> | undefined;
  /** By number of network calls. Absent: this method has no sampler of so many calls. */
  readonly samples: Readonly<Record<number, SamplePlan>>;
  /** Stages whose student is kept for its own number of calls: the number of scales by number of calls. */
  readonly keepStages?: boolean | undefined;
}

/** Network calls the tables have a column for. */
export const nfeColumns = [1, 2, 4] as const;
