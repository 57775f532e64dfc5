import { philox4x32 } from './philox';

/** A sequence of random numbers that depends on (seed, purpose, index) alone; consecutive calls continue it. */
export interface RandomStream {
  /** `count` uniform draws in [0, 1), multiples of 2^-24 (exact in float32). */
  uniform(count: number): Float32Array;
  /** `count` draws from N(0, 1) by Box-Muller in double precision, rounded once to float32. */
  normal(count: number): Float32Array;
  /** `count` unbiased integers in [0, below), `below` in [1, 2^32]. */
  integers(count: number, below: number): Uint32Array;
  /** A uniformly random order of 0 .. length - 1 (Fisher-Yates). */
  permutation(length: number): Uint32Array;
}

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
  const block = new Uint32Array(4);
  let used = 4;

  const next = (): number => {
    if (used === 4) {
      philox4x32(key, counter, block);
      counter[0] += 1;
      if (counter[0] === 0) counter[1] += 1;
      used = 0;
    }
    return block[used++];
  };

  const integer = (below: number): number => {
    // Rejects the incomplete last interval, so that every residue is equally likely.
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % below);
    for (;;) {
      const word = next();
      if (word < limit) return word % below;
    }
  };

  return {
    uniform(count) {
      return Float32Array.from({ length: count }, () => (next() >>> 8) / 0x100_0000);
    },
    normal(count) {
      const draws = new Float32Array(count);
      for (let i = 0; i < count; i += 2) {
        const radius = Math.sqrt(-2 * Math.log((next() + 0.5) / 0x1_0000_0000));
        const angle = (2 * Math.PI * next()) / 0x1_0000_0000;
        draws[i] = radius * Math.cos(angle);
        if (i + 1 < count) draws[i + 1] = radius * Math.sin(angle);
      }
      return draws;
    },
    integers(count, below) {
      if (!Number.isInteger(below) || below < 1 || below > 0x1_0000_0000) {
        throw new RangeError(`randomStream.integers: below must be an integer in [1, 2^32], got ${below}.`);
      }
      return Uint32Array.from({ length: count }, () => integer(below));
    },
    permutation(length) {
      const order = Uint32Array.from({ length }, (_, i) => i);
      for (let i = length - 1; i > 0; i -= 1) {
        const j = integer(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
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
