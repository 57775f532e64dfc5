import type { HostGroups } from '../../optimizers/optimizer';
import type { HostParams } from '../training-state';
import type { WatchFinding } from './watch-event';
import type { WatchState } from './watch-state';

/** What a look at the evaluation averages found. */
export interface AveragesCheck {
  readonly state: WatchState;
  /** Averages that did not move since the last check, though the student did. */
  readonly dead: readonly WatchFinding[];
  /** Averages that hold something that is not a finite number. */
  readonly broken: readonly WatchFinding[];
}

/**
 * Looks at every evaluation average: it should be finite, and move when the student moves.
 *
 * @param groups - state of the run in host memory
 * @param step - steps done
 */
export function checkAverages(state: WatchState, groups: HostGroups, step: number): AveragesCheck {
  const sums: Record<string, readonly [number, number]> = {};
  for (const [name, group] of Object.entries(groups)) {
    if (name === 'student' || name.startsWith('ema.')) sums[name] = sumsOf(group);
  }
  const moved = (name: string): boolean => {
    const before = Object.hasOwn(state.sums, name) ? state.sums[name] : undefined;
    return before === undefined || before[0] !== sums[name][0] || before[1] !== sums[name][1];
  };
  const averages = Object.keys(sums).filter((name) => name !== 'student');
  const finding = (name: string, what: string, value: number): WatchFinding => ({
    kind: 'average',
    step,
    value,
    what: `the average "${name.slice('ema.'.length)}" ${what}`,
    details: { name },
  });
  const broken = averages.filter((name) => !Number.isFinite(sums[name][1]));
  const dead = moved('student') ? averages.filter((name) => !moved(name)) : [];
  return {
    state: { ...state, sums },
    dead: dead.map((name) => finding(name, 'has not moved since the last check, though the student has,', 0)),
    broken: broken.map((name) => finding(name, 'holds a value that is not a finite number', NaN)),
  };
}

/** Sum and sum of squares of all elements: any change of the weights changes one of them. */
function sumsOf(params: HostParams): readonly [number, number] {
  let [sum, squares] = [0, 0];
  for (const { data } of Object.values(params)) {
    for (const value of data) {
      sum += value;
      squares += value * value;
    }
  }
  return [sum, squares];
}
