import type { HostTensor } from '@onestep/tensor';

/** What an element becomes, given its hash u in [0, 1) and v = 2u - 1. */
type Fill = (u: number, v: number) => number;

/**
 * Hash of a tensor's name, from which its elements follow.
 *
 * @param salt - of the file; default 0
 */
export function nameHash(name: string, salt = 0): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash ^ salt) >>> 0;
}

/** Element `index` of the tensor with this hash, in [0, 1). */
export function uniformAt(hash: number, index: number): number {
  let z = (Math.imul(index, 0x9e3779b9) + hash) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
}

/** Rules by the end of a name, the first that fits counts. */
const rules: readonly (readonly [suffix: string, fill: (shape: readonly number[]) => Fill])[] = [
  ['.bn.weight', () => (_, v) => 1 + 0.1 * v],
  ['.bn.bias', () => (_, v) => 0.1 * v],
  ['.bn.running_mean', () => (_, v) => 0.1 * v],
  ['.bn.running_var', () => (_, v) => 1 + 0.2 * v],
  ['fc.weight', () => (_, v) => Math.sqrt(3 / 2048) * v],
  ['fc.bias', () => (_, v) => 0.1 * v],
  ['.model.1.weight', () => (u) => u],
  ['.bias', () => (_, v) => 0.1 * v],
  [
    '.weight',
    ([, inputs, height, width]) => {
      const scale = Math.sqrt(6 / (inputs * height * width));
      return (_, v) => scale * v;
    },
  ],
];

/**
 * Weights from a formula: the same in every language, without a file. Networks filled with them prove that layers, names and
 * layouts are right; what they see means nothing.
 *
 * @param shapes - of the published tensors, in PyTorch's layout
 */
export function formulaWeights(
  shapes: Readonly<Record<string, readonly number[]>>,
  salt = 0,
): Record<string, HostTensor> {
  const weights: Record<string, HostTensor> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const rule = rules.find(([suffix]) => name.endsWith(suffix));
    if (rule === undefined) throw new Error(`formulaWeights: no rule for ${name}`);
    const fill = rule[1](shape);
    const hash = nameHash(name, salt);
    const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
    for (let i = 0; i < data.length; i += 1) {
      const u = uniformAt(hash, i);
      data[i] = fill(u, 2 * u - 1);
    }
    weights[name] = { dtype: 'float32', shape, data };
  }
  return weights;
}
