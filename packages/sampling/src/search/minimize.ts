/** Values of a function of one variable as they are asked for; what is best is the caller's to remember. */
export type Probe = (at: number) => Promise<number>;

/** 1 / golden ratio: each step of a golden section keeps this share of the interval. */
const golden = (Math.sqrt(5) - 1) / 2;

/**
 * Ternary search over the integers low .. high: compares two inner points, drops the third beyond the worse one, and
 * probes all that is left once three points or fewer are.
 *
 * Finds the minimum of every strictly unimodal sequence with at most 2 log_1.5(high - low) + 3 probes.
 *
 * @remarks The released code of consistency models compares the last points but then returns an inner point of the round
 *   before, which may lie outside of what is left.
 * @see Song et al. 2023, section 4
 */
export async function ternaryIndices(probe: Probe, low: number, high: number): Promise<void> {
  let left = low;
  let right = high;
  while (right - left >= 3) {
    const third = Math.floor((right - left) / 3);
    // Rounded inwards on both sides, the two stay apart.
    const [first, second] = [left + third, right - Math.ceil((right - left) / 3)];
    if ((await probe(first)) < (await probe(second))) right = second;
    else left = first;
  }
  for (let at = left; at <= right; at += 1) await probe(at);
}

/** Ternary search on an interval, until it is no wider than `tolerance`; at most 2 log_1.5(width / tolerance) + 5 probes. */
export async function ternaryInterval(probe: Probe, low: number, high: number, tolerance: number): Promise<void> {
  let left = low;
  let right = high;
  do {
    const third = (right - left) / 3;
    if ((await probe(left + third)) < (await probe(right - third))) right -= third;
    else left += third;
  } while (right - left > tolerance);
  await probe((left + right) / 2);
}

/**
 * Golden-section search on an interval, until it is no wider than `tolerance`; each round after the first needs one new
 * probe, log_1.618(width / tolerance) + 3 in all.
 *
 * @see Kiefer 1953
 */
export async function goldenInterval(probe: Probe, low: number, high: number, tolerance: number): Promise<void> {
  let left = low;
  let right = high;
  let first = right - golden * (right - left);
  let second = left + golden * (right - left);
  let [atFirst, atSecond] = [await probe(first), await probe(second)];
  while (right - left > tolerance) {
    if (atFirst < atSecond) {
      right = second;
      [second, atSecond] = [first, atFirst];
      first = right - golden * (right - left);
      atFirst = await probe(first);
    } else {
      left = first;
      [first, atFirst] = [second, atSecond];
      second = left + golden * (right - left);
      atSecond = await probe(second);
    }
  }
}
