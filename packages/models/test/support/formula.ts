import { hostTensor, type HostTensor } from '@onestep/tensor';

/**
 * Numbers in [-1, 1) that depend on a name and their position alone, and that other languages make alike: FNV-1a of the
 * name, mixed with the position. The same as `values` of `fixtures/edm2/make-fixtures.py`.
 */
export function formulaTensor(
  name: string,
  shape: readonly number[],
  map: (value: number) => number = (value) => value,
): HostTensor {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const count = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: count }, (_, i) => map(Math.fround(mixed(seed, i))));
  return hostTensor(data, shape);
}

function mixed(seed: number, position: number): number {
  let z = (Math.imul(position, 0x9e3779b9) + seed) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (((z ^ (z >>> 16)) >>> 0) / 2 ** 32) * 2 - 1;
}
