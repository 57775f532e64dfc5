/** Halvings of a pair's relative gap: at 2^-20 a handful of float32 numbers lie between its levels, soon there are none. */
const mostHalvings = 20;

/** How many stages of ECT keep the levels of a pair apart in float32: the largest n with q^-n >= 2^-20. */
export function mostEctStages(q: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.floor(mostHalvings / Math.log2(q)));
}
