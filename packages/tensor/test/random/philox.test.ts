import { expect, it } from 'vitest';
import { philox4x32 } from '../../src/random/philox';

const block = (counter: number[], key: number[]): string[] => {
  const out = new Uint32Array(4);
  philox4x32(Uint32Array.from(key), Uint32Array.from(counter), out);
  return [...out].map((word) => word.toString(16).padStart(8, '0'));
};

// Known answers of philox4x32-10 published with Random123 (Salmon et al. 2011).
it.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8'],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    ['408f276d', '41c83b0e', 'a20bc7c6', '6d5451fd'],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    ['d16cfe09', '94fdcceb', '5001e420', '24126ea1'],
  ],
])('gives the known answer for counter %o and key %o', (counter, key, expected) => {
  expect(block(counter, key)).toEqual(expected);
});

it('computes many blocks as it computes one, carrying into the next counter word', () => {
  const key = Uint32Array.of(1, 2);
  const together = new Uint32Array(16);
  const counter = Uint32Array.of(0xfffffffe, 0xffffffff, 3, 4);
  philox4x32(key, counter, together, 4);
  expect([...counter]).toEqual([2, 0, 4, 4]);
  const starts = [
    [0xfffffffe, 0xffffffff, 3, 4],
    [0xffffffff, 0xffffffff, 3, 4],
    [0, 0, 4, 4],
    [1, 0, 4, 4],
  ];
  starts.forEach((start, i) => {
    const alone = new Uint32Array(4);
    philox4x32(key, Uint32Array.from(start), alone);
    expect([...together.subarray(4 * i, 4 * i + 4)]).toEqual([...alone]);
  });
});

it('multiplies exactly, as 64-bit integers do', () => {
  // One round of the definition in BigInt, ten times, against the double-precision trick.
  const reference = (counter: bigint[], key: bigint[]): bigint[] => {
    const mask = 0xffffffffn;
    let [c0, c1, c2, c3] = counter;
    let [k0, k1] = key;
    for (let round = 0; round < 10; round += 1) {
      const p0 = 0xd2511f53n * c0;
      const p1 = 0xcd9e8d57n * c2;
      [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
      k0 = (k0 + 0x9e3779b9n) & mask;
      k1 = (k1 + 0xbb67ae85n) & mask;
    }
    return [c0, c1, c2, c3];
  };
  for (let i = 0; i < 500; i += 1) {
    const word = (salt: number): number => Math.imul(i * 6 + salt, 0x9e3779b1) >>> 0;
    const counter = [word(0), word(1), word(2), word(3)];
    const key = [word(4), word(5)];
    expect(block(counter, key)).toEqual(
      reference(counter.map(BigInt), key.map(BigInt)).map((value) => value.toString(16).padStart(8, '0')),
    );
  }
});
