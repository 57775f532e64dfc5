const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const rounds = 10;
const inverse32 = 2 ** -32;

/**
 * Philox 4x32 with 10 rounds: a counter-based generator, so block n of a stream is computed without the
 * blocks before it.
 *
 * @param key - two 32-bit words
 * @param counter - four 32-bit words, first the lowest; advanced by the number of blocks
 * @param out - receives four 32-bit words per block
 * @param blocks - how many blocks to compute, default 1
 * @see Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"
 */
export function philox4x32(key: Uint32Array, counter: Uint32Array, out: Uint32Array, blocks = 1): void {
  for (let block = 0; block < blocks; block += 1) {
    let k0 = key[0];
    let k1 = key[1];
    let c0 = counter[0];
    let c1 = counter[1];
    let c2 = counter[2];
    let c3 = counter[3];
    for (let round = 0; round < rounds; round += 1) {
      // The high word as (product - low word) / 2^32: the double product is off by at most 2^11, which adding one half
      // before truncation absorbs. Four times faster than 16-bit pieces.
      const low0 = Math.imul(multiplier0, c0) >>> 0;
      const high0 = ((multiplier0 * c0 - low0) * inverse32 + 0.5) >>> 0;
      const low1 = Math.imul(multiplier1, c2) >>> 0;
      const high1 = ((multiplier1 * c2 - low1) * inverse32 + 0.5) >>> 0;
      c0 = (high1 ^ c1 ^ k0) >>> 0;
      c1 = low1;
      c2 = (high0 ^ c3 ^ k1) >>> 0;
      c3 = low0;
      k0 = (k0 + weyl0) >>> 0;
      k1 = (k1 + weyl1) >>> 0;
    }
    const start = 4 * block;
    out[start] = c0;
    out[start + 1] = c1;
    out[start + 2] = c2;
    out[start + 3] = c3;
    advance(counter);
  }
}

function advance(counter: Uint32Array): void {
  for (let word = 0; word < 4; word += 1) {
    counter[word] += 1;
    if (counter[word] !== 0) return;
  }
}
