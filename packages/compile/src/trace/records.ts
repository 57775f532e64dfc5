import type { Tensor } from '@onestep/tensor';

/** A tree with its leaves taken out. */
export type Layout =
  | { readonly kind: 'tensor' }
  | { readonly kind: 'other'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly Layout[] }
  | { readonly kind: 'record'; readonly entries: readonly (readonly [string, Layout])[] };

/** True for anything that looks like a tensor of TensorFlow.js. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dataId' in value && 'dtype' in value && 'shape' in value;
}

/** Splits a tree into the tensors in reading order and what remains. */
export function takeApart(tree: unknown): { readonly tensors: Tensor[]; readonly layout: Layout } {
  const tensors: Tensor[] = [];
  const walk = (value: unknown): Layout => {
    if (isTensor(value)) {
      tensors.push(value);
      return { kind: 'tensor' };
    }
    if (Array.isArray(value)) return { kind: 'list', items: value.map(walk) };
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(([key, entry]) => [key, walk(entry)] as const);
      return { kind: 'record', entries };
    }
    return { kind: 'other', value };
  };
  return { layout: walk(tree), tensors };
}

/** Puts leaves into a layout, in reading order. */
export function putTogether(layout: Layout, leaves: readonly unknown[]): unknown {
  let next = 0;
  const build = (part: Layout): unknown => {
    switch (part.kind) {
      case 'tensor':
        return leaves[next++];
      case 'other':
        return part.value;
      case 'list':
        return part.items.map(build);
      case 'record':
        return Object.fromEntries(part.entries.map(([key, entry]) => [key, build(entry)]));
    }
  };
  return build(layout);
}
