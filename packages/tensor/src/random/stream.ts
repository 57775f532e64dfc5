import { boxMuller } from './box-muller';
import { philox4x32 } from './philox';

/** A sequence of random numbers that depends on (seed, purpose, index) alone; consecutive calls continue it. */
export interface RandomStream {
  /** `count` uniform draws in [0, 1), multiples of 2^-24 (exact in float32). */
  uniform(count: number): Float32Array;
  /**
   * `count` draws from N(0, 1) by Box-Muller in double precision, rounded once to float32. They come in pairs: an odd
   * call keeps the second value for the next, so that normal(3) and normal(5) give what normal(8) gives.
   */
  normal(count: number): Float32Array;
  /** `count` unbiased integers in [0, below), `below` in [1, 2^32]. */
  integers(count: number, below: number): Uint32Array;
  /** A uniformly random order of 0 .. length - 1 (Fisher-Yates). */
  permutation(length: number): Uint32Array;
}

/** Words computed at once at most; enough to make the loop long, small enough to stay in the cache. */
const maxBufferedWords = 4096;

/**
 * Opens stream `index` of purpose `purpose`: draw k of a purpose is a function of (seed, purpose, k) and of
 * nothing else, neither of batches, nor of other streams, nor of the order in which streams are opened.
 *
 * @param seed - integer in [0, 2^53)
 * @param purpose - a name, for example `train.noise`; different names are independent streams
 * @param index - integer in [0, 2^53), for example an image or a step
 * @throws {@link RangeError} if seed or index is not such an integer
 */
export function randomStream(seed: number, purpose: string, index = 0): RandomStream {
  checkInteger('seed', seed);
  checkInteger('index', index);
  const key = new Uint32Array([
    (fnv1a(purpose, 0x811c9dc5) ^ low(seed)) >>> 0,
    (fnv1a(purpose, 0x9747b28c) ^ high(seed)) >>> 0,
  ]);
  const counter = new Uint32Array([0, 0, low(index), high(index)]);
  let words = new Uint32Array(0);
  let used = 0;
  let filled = 0;
  let spare: number | undefined;

  /** Makes at least one word available; at most as many as are wanted, rounded up to a block. */
  const refill = (wanted: number): void => {
    const blocks = Math.ceil(Math.min(Math.max(wanted, 1), maxBufferedWords) / 4);
    if (words.length < 4 * blocks) words = new Uint32Array(4 * blocks);
    philox4x32(key, counter, words, blocks);
    used = 0;
    filled = 4 * blocks;
  };

  const next = (wanted: number): number => {
    if (used === filled) refill(wanted);
    return words[used++];
  };

  const integer = (below: number, wanted: number): number => {
    // Rejects the incomplete last interval, so that every residue is equally likely.
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % below);
    for (;;) {
      const word = next(wanted);
      if (word < limit) return word % below;
    }
  };

  return {
    uniform(count) {
      checkCount('uniform', count);
      const draws = new Float32Array(count);
      for (let i = 0; i < count; i += 1) draws[i] = (next(count - i) >>> 8) / 0x100_0000;
      return draws;
    },
    normal(count) {
      checkCount('normal', count);
      const draws = new Float32Array(count);
      let done = 0;
      if (spare !== undefined && count > 0) {
        draws[0] = spare;
        spare = undefined;
        done = 1;
      }
      while (count - done >= 2) {
        if (used === filled) refill(count - done);
        const pairs = Math.min((filled - used) >> 1, (count - done) >> 1);
        if (pairs === 0) {
          // One word is left over from draws of another kind: the pair straddles two refills.
          const pair = Uint32Array.of(next(1), next(count - done));
          boxMuller(pair, 0, draws, done, 1);
          done += 2;
          continue;
        }
        boxMuller(words, used, draws, done, pairs);
        used += 2 * pairs;
        done += 2 * pairs;
      }
      if (done < count) {
        const pair = new Float32Array(2);
        boxMuller(Uint32Array.of(next(2), next(1)), 0, pair, 0, 1);
        draws[done] = pair[0];
        spare = pair[1];
      }
      return draws;
    },
    integers(count, below) {
      checkCount('integers', count);
      if (!Number.isInteger(below) || below < 1 || below > 0x1_0000_0000) {
        throw new RangeError(`randomStream.integers: below must be an integer in [1, 2^32], got ${below}.`);
      }
      const draws = new Uint32Array(count);
      for (let i = 0; i < count; i += 1) draws[i] = integer(below, count - i);
      return draws;
    },
    permutation(length) {
      checkCount('permutation', length);
      const order = new Uint32Array(length);
      for (let i = 0; i < length; i += 1) order[i] = i;
      for (let i = length - 1; i > 0; i -= 1) {
        const j = integer(i + 1, i);
        const moved = order[i];
        order[i] = order[j];
        order[j] = moved;
      }
      return order;
    },
  };
}

const low = (n: number): number => n >>> 0;
const high = (n: number): number => Math.floor(n / 0x1_0000_0000) >>> 0;

function checkInteger(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`randomStream: ${name} must be an integer in [0, 2^53), got ${value}.`);
  }
}

function checkCount(method: string, count: number): void {
  if (!Number.isInteger(count) || count < 0 || count > 0xffff_ffff) {
    throw new RangeError(`randomStream.${method}: the count must be an integer in [0, 2^32), got ${count}.`);
  }
}

/** FNV-1a over the UTF-16 code units; `basis` selects one of two independent words. */
function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  // A final mix, since names that differ in the last letter only would differ in few bits.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
