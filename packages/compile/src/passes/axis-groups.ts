/** Axes of one shape and the axes of another that hold the same elements. */
export interface AxisGroup {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * Splits a reshape into its independent parts: the finest list of groups of consecutive axes with equal products.
 * `[4, 6, 5]` to `[4, 2, 3, 5]` gives `4 to 4`, `6 to 2 x 3`, `5 to 5`.
 */
export function axisGroups(from: readonly number[], to: readonly number[]): AxisGroup[] {
  const groups: AxisGroup[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    const group = { from: [] as number[], to: [] as number[] };
    let left = 1;
    let right = 1;
    const takeFrom = (): void => {
      left *= from[i];
      group.from.push(i++);
    };
    const takeTo = (): void => {
      right *= to[j];
      group.to.push(j++);
    };
    // An extent of 1 on one side alone is a group without a partner.
    if (j >= to.length || (i < from.length && from[i] === 1 && to[j] !== 1)) takeFrom();
    else if (i >= from.length || (to[j] === 1 && from[i] !== 1)) takeTo();
    else {
      takeFrom();
      takeTo();
    }
    while (left !== right) {
      if (left < right) takeFrom();
      else takeTo();
    }
    groups.push(group);
  }
  return groups;
}

/** The permutation that undoes `perm`. */
export function inversePermutation(perm: readonly number[]): number[] {
  const inverse = new Array<number>(perm.length);
  perm.forEach((axis, i) => (inverse[axis] = i));
  return inverse;
}
