/**
 * Order of step `index` of `numSteps`: rising while outputs are few and, for `lowerOrderFinal`, falling in the last steps.
 *
 * @see LuChengTHU/dpm-solver, zju-pi/diff-sampler: the rise comes before the fall
 */
export function stepOrder(index: number, numSteps: number, order: number, lowerOrderFinal: boolean): number {
  if (index + 1 < order) return index + 1;
  return lowerOrderFinal ? Math.min(order, numSteps - index) : order;
}
