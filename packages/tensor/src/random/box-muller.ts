const ln2 = Math.LN2;
const anglePerUnit = Math.PI / 2 ** 31;
const halfPowers = Float64Array.from({ length: 33 }, (_, exponent) => 2 ** -exponent);

/**
 * Two independent N(0, 1) values per pair of 32-bit words, by Box and Muller's transform in double precision:
 *
 *     radius = sqrt(-2 ln((first + 1/2) / 2^32)),  angle = 2 pi second / 2^32
 *
 * @param words - 32-bit words, two per pair
 * @param from - index of the first word
 * @param out - receives cosine and sine parts in turn
 * @param to - index of the first value in `out`
 * @param pairs - how many pairs
 * @remarks Logarithm, sine and cosine are series in basic arithmetic (error below 1e-15) instead of `Math.log` and
 *   `Math.sin`: those may differ in the last bit between JavaScript engines, and draws must not. Also twice as fast.
 */
export function boxMuller(words: Uint32Array, from: number, out: Float32Array, to: number, pairs: number): void {
  for (let pair = 0; pair < pairs; pair += 1) {
    const radius = Math.sqrt(-2 * logarithm(words[from + 2 * pair]));
    const turn = words[from + 2 * pair + 1];
    // Nearest quarter turn, and what remains: an angle in [-pi/4, pi/4).
    const quarter = (turn + 0x2000_0000) >>> 30;
    const angle = ((turn - quarter * 0x4000_0000) | 0) * anglePerUnit;
    const z = angle * angle;
    const sine =
      angle *
      (1 +
        z *
          (-1 / 6 +
            z *
              (1 / 120 +
                z * (-1 / 5040 + z * (1 / 362880 + z * (-1 / 39916800 + z * (1 / 6227020800 - z / 1307674368000)))))));
    const cosine =
      1 +
      z *
        (-1 / 2 +
          z *
            (1 / 24 +
              z *
                (-1 / 720 +
                  z *
                    (1 / 40320 +
                      z * (-1 / 3628800 + z * (1 / 479001600 + z * (-1 / 87178291200 + z / 20922789888000)))))));
    const swapped = (quarter & 1) === 1;
    const x = swapped ? sine : cosine;
    const y = swapped ? cosine : sine;
    out[to + 2 * pair] = radius * (((quarter + 1) & 2) === 2 ? -x : x);
    out[to + 2 * pair + 1] = radius * ((quarter & 2) === 2 ? -y : y);
  }
}

/** ln((word + 1/2) / 2^32), always negative. */
function logarithm(word: number): number {
  // word + 1/2 = mantissa 2^exponent with the mantissa in [1/2, 1), exact in double precision.
  let exponent = 32 - Math.clz32(word);
  let mantissa = (word + 0.5) * halfPowers[exponent];
  if (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent -= 1;
  }
  // ln m = 2 artanh(s) with |s| < 0.172.
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  const series =
    1 +
    z *
      (1 / 3 +
        z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * (1 / 13 + z * (1 / 15 + z * (1 / 17 + z / 19))))))));
  return 2 * s * series + (exponent - 32) * ln2;
}
