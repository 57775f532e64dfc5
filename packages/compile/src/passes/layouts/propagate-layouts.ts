import { after } from '../../graph/after';
import { sameShape, type Graph, type Node } from '../../graph/node';
import { rewrite } from '../../graph/rewrite';
import { layoutTranspose, reshape } from '../../graph/shape-ops';
import { isElementwise } from '../broadcasts';
import { perSourceAxis, seenFromSource, seenThrough, sourceShape, viewOf, type View } from './view';

/**
 * Moves changes of layout towards the outputs, through everything that can as well work on the other layout, until they
 * meet their inverse and vanish. A chain of convolutions with pointwise work between them keeps one layout throughout.
 */
export function propagateLayouts(graph: Graph): Graph {
  return rewrite(graph, (node) => moved(node) ?? node);
}

function moved(node: Node): Node | undefined {
  if (isElementwise(node)) return elementwise(node);
  const views = node.inputs.map(viewOf);
  const [view] = views;
  switch (node.op) {
    case 'after':
      return barrier(node, view);
    case 'concat':
      return concatenation(node, views);
    case 'reshape':
      return reshape(node.inputs[0], node.shape);
    case 'transpose':
      return view && transposition(node, view);
    case 'sum':
    case 'mean':
    case 'max':
    case 'min':
      return view && reduction(node, view);
    case 'slice':
    case 'pad':
    case 'tile':
      return view && windowed(node, view);
    default:
      return undefined;
  }
}

/** A barrier lets any layout through, and waits for what stands behind a change of layout. */
function barrier({ inputs: [x, dependency], shape }: Node, view: View | undefined): Node {
  return view === undefined ? after(x, dependency) : seenThrough(view, after(view.source, dependency), shape);
}

/** The view of an operand of full size: a small operand's layout must not decide for the large ones. */
function elementwise(node: Node): Node | undefined {
  const carrier = node.inputs.find((operand) => sameShape(operand.shape, node.shape) && viewOf(operand) !== undefined);
  const view = carrier && viewOf(carrier);
  if (view === undefined) return undefined;
  const inputs = node.inputs.map((operand) => seenFromSource(view, operand));
  if (!inputs.every((operand) => operand !== undefined)) return undefined;
  return seenThrough(view, { ...node, inputs, shape: view.source.shape }, node.shape);
}

function concatenation(node: Node, views: readonly (View | undefined)[]): Node | undefined {
  const view = views.find((one) => one !== undefined);
  if (view === undefined) return undefined;
  const inputs = node.inputs.map((operand) => seenFromSource(view, operand));
  const shape = sourceShape(view, node.shape);
  const [first] = view.parts[node.attrs.axis as number];
  if (shape === undefined || first === undefined || !inputs.every((operand) => operand !== undefined)) return undefined;
  return seenThrough(view, { ...node, inputs, attrs: { axis: view.perm[first] }, shape }, node.shape);
}

/** A transposition of a view is one transposition of its source. */
function transposition(node: Node, view: View): Node | undefined {
  const inner = node.inputs[0];
  if (inner.op !== 'reshape') return undefined;
  const order = (node.attrs.perm as readonly number[]).flatMap((axis) => view.parts[axis]);
  return reshape(layoutTranspose(view.source, order.map((part) => view.perm[part])), node.shape); // prettier-ignore
}

function reduction(node: Node, view: View): Node {
  const reducedParts = (node.attrs.axes as readonly number[]).flatMap((axis) => view.parts[axis]);
  const axes = reducedParts.map((part) => view.perm[part]).sort((a, b) => a - b);
  const kept = view.source.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const shape = kept.map((axis) => view.source.shape[axis]);
  const reduced = axes.length === 0 ? view.source : { ...node, inputs: [view.source], attrs: { axes }, shape };
  const wanted = view.perm.filter((axis) => !axes.includes(axis));
  return reshape(layoutTranspose(reduced, wanted.map((axis) => kept.indexOf(axis))), node.shape); // prettier-ignore
}

/** Slices, pads and tiles, whose numbers per axis move with the axes. */
function windowed(node: Node, view: View): Node | undefined {
  const shape = sourceShape(view, node.shape);
  const extents = view.perm.map((axis) => view.source.shape[axis]);
  const numbers = (attr: string, rest: (part: number) => number, multiples = true): number[] | undefined =>
    perSourceAxis(view, node.attrs[attr] as readonly number[], rest, multiples);
  const joined = (axis: number): boolean => view.parts[axis].length > 1;
  if (shape === undefined) return undefined;
  const at = (attrs: Readonly<Record<string, number | readonly number[] | undefined>>): Node | undefined => {
    if (Object.values(attrs).includes(undefined)) return undefined;
    return seenThrough(view, { ...node, inputs: [view.source], attrs: attrs as Node['attrs'], shape }, node.shape);
  };
  if (node.op === 'slice') {
    const strides = node.attrs.strides as readonly number[];
    if (strides.some((stride, axis) => stride !== 1 && joined(axis))) return undefined;
    const one = (): number => 1;
    return at({ begin: numbers('begin', () => 0), size: numbers('size', (part) => extents[part]), strides: numbers('strides', one, false) }); // prettier-ignore
  }
  if (node.op === 'pad') {
    const none = (): number => 0;
    return at({ before: numbers('before', none), after: numbers('after', none), value: node.attrs.value as number });
  }
  const repeats = node.attrs.repeats as readonly number[];
  if (repeats.some((count, axis) => count !== 1 && joined(axis))) return undefined;
  return at({ repeats: numbers('repeats', () => 1, false) });
}
