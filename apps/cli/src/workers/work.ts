import type { NetworkDescription } from '@onestep/models';
import type { BackendName } from '@onestep/tensor';
import type { Recipe } from '@onestep/training';

/** What a worker of a training is told: everything its part of a step is made from, save for weights. */
export interface GradientWork {
  readonly recipe: Recipe;
  /** Of the student, with its whole config. */
  readonly network: NetworkDescription;
  /** Model file whose description the teacher is built from. */
  readonly teacher?: string | undefined;
  readonly backend: BackendName;
  readonly compile: boolean;
  /** Of one worker, where steps are compiled. */
  readonly threads: number;
}
