/** Whose update a step makes, where a method has an adversary. */
export interface AdversaryTurn {
  /** The adversary is updated, the student stands still. */
  readonly learns: boolean;
  /** The student's loss has the adversarial term. */
  readonly teaches: boolean;
  /** Updates of student and adversary before this step. */
  readonly updates: { readonly student: number; readonly adversary: number };
}

/**
 * The turn after a number of updates: the student's alone before `startStep`; from then on adversary and student
 * alternate, the adversary first, since one that has learned nothing has nothing to teach.
 *
 * @param updates - of either, integer >= 0
 * @param startStep - updates before the first of the adversary, integer >= 0
 */
export function adversaryTurn(updates: number, startStep: number): AdversaryTurn {
  const since = Math.max(0, updates - startStep);
  const adversary = Math.ceil(since / 2);
  const begun = updates >= startStep;
  return {
    learns: begun && since % 2 === 0,
    teaches: begun && since % 2 === 1,
    updates: { student: updates - adversary, adversary },
  };
}
