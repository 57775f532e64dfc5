/** What the watch remembers of a run; part of the training state, so that a resumed run judges as an uninterrupted one. */
export interface WatchState {
  /** Loss and norm of the gradients of the last steps that count, oldest first. */
  readonly losses: readonly number[];
  readonly gradNorms: readonly number[];
  /** How often the policy has acted. */
  readonly acted: number;
  /** Sums over the student (under `student`) and over each average at the last check, by name. */
  readonly sums: Readonly<Record<string, readonly [number, number]>>;
}

/** Of a run that has not begun. */
export const emptyWatch: WatchState = { losses: [], gradNorms: [], acted: 0, sums: {} };
