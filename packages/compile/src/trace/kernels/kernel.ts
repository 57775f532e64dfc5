import type { Node } from '../../graph/node';

/** Attributes of a kernel call as TensorFlow.js passes them. */
export type KernelAttrs = Readonly<Record<string, unknown>>;

/** Records one TensorFlow.js kernel: its operands by name (or position) to the nodes of its results. */
export type Kernel = (inputs: Readonly<Record<string, Node>>, attrs: KernelAttrs) => Node | readonly Node[];

/** Kernels by their TensorFlow.js names. */
export type KernelTable = Readonly<Record<string, Kernel>>;

/** Reduction axes as a list of axes in [0, rank); none given means all. */
export function axesOf(axis: unknown, rank: number): number[] {
  const list = axis === undefined || axis === null ? [] : Array.isArray(axis) ? (axis as number[]) : [axis as number];
  if (list.length === 0) return Array.from({ length: rank }, (_, i) => i);
  return list.map((entry) => (entry < 0 ? entry + rank : entry));
}

/** Operands of a kernel that takes a list. */
export function operands(inputs: Readonly<Record<string, Node>>): Node[] {
  return Object.keys(inputs)
    .sort((a, b) => Number(a) - Number(b))
    .map((key) => inputs[key]);
}
