import { sameShape, type Graph, type Node } from '../../graph/node';
import { countUses } from '../../graph/order';
import { rewrite } from '../../graph/rewrite';
import { broadcast } from '../../graph/shape-ops';

/**
 * Joins what norms and residuals do to an image in channel blocks, `[B, C / block, H, W, block]`: a scale and a shift per
 * image and channel and the addition of another image are one pass over memory instead of up to four, as the inputs
 * scale, shift and sum of `channelAffine`; a bias and an addition go into the convolution before them.
 */
export function fuseChannelAffine(graph: Graph, block: number): Graph {
  const scaled = rewrite(graph, (node) => scale(node, block) ?? node);
  const uses = countUses(scaled);
  const shifted = rewrite(scaled, (node, original) => {
    if (node.op !== 'add') return node;
    const once = node.inputs.map((_, i) => uses.get(original.inputs[i]) === 1);
    return addition(node, once, block) ?? node;
  });
  return rewrite(shifted, (node) => activation(node) ?? node);
}

/** A sigmoid that is computed anew for the backward pass starts from the image before the scale, which is in memory. */
function activation(node: Node): Node | undefined {
  const [taker] = node.inputs;
  if (node.op !== 'sigmoid' || node.attrs.again !== true || taker.op !== 'channelAffine') return undefined;
  return { ...taker, attrs: { ...taker.attrs, activation: 'Sigmoid' } };
}

const isImage = ({ shape, dtype }: Node, block: number): boolean =>
  shape.length === 5 && shape[4] === block && dtype === 'float32';

/** Shape of one number per image and channel. */
const perChannel = ([batch, blocks, , , block]: readonly number[]): number[] => [batch, blocks, 1, 1, block];

/** A factor or shift per channel as one per image and channel. */
function spread(operand: Node, image: Node): Node | undefined {
  const { shape } = operand;
  const fits =
    shape.length === 5 && shape[1] === image.shape[1] && shape[2] * shape[3] === 1 && shape[4] === image.shape[4];
  return fits ? broadcast(operand, perChannel(image.shape)) : undefined;
}

function scale(node: Node, block: number): Node | undefined {
  if (node.op !== 'mul' || !isImage(node, block)) return undefined;
  const image = node.inputs.find((operand) => sameShape(operand.shape, node.shape));
  const factor = node.inputs.find((operand) => operand !== image);
  if (image === undefined || factor === undefined || node.shape[2] * node.shape[3] === 1) return undefined;
  const factors = spread(factor, image);
  if (factors === undefined) return undefined;
  return { ...node, op: 'channelAffine', inputs: [image, factors], attrs: { shift: false, sum: false } };
}

/** An addition whose one side can take the other in. */
function addition(node: Node, once: readonly boolean[], block: number): Node | undefined {
  if (!isImage(node, block)) return undefined;
  for (const [side, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    // prettier-ignore
    const taker = node.inputs[side];
    if (!once[side] || !sameShape(taker.shape, node.shape)) continue;
    const taken =
      taker.op === 'channelAffine' || taker.op === 'convBlocked' ? take(taker, node.inputs[other]) : undefined;
    if (taken !== undefined) return taken;
  }
  return undefined;
}

function take(taker: Node, addend: Node): Node | undefined {
  const { shift, sum } = taker.attrs;
  const inputs = [taker.inputs[0], taker.inputs[1]];
  const [shiftNode, sumNode] = [shift === true ? taker.inputs[2] : undefined, sum === true ? taker.inputs.at(-1) : undefined]; // prettier-ignore
  if (sumNode === undefined && sameShape(addend.shape, taker.shape)) {
    const rest = shiftNode === undefined ? [addend] : [shiftNode, addend];
    return { ...taker, inputs: [...inputs, ...rest], attrs: { ...taker.attrs, shift: shift === true, sum: true } };
  }
  if (shiftNode !== undefined) return undefined;
  const shifts = taker.op === 'convBlocked' ? perFilter(addend, taker) : spread(addend, taker);
  if (shifts === undefined) return undefined;
  const rest = sumNode === undefined ? [shifts] : [shifts, sumNode];
  return { ...taker, inputs: [...inputs, ...rest], attrs: { ...taker.attrs, shift: true, sum: sum === true } };
}

/** A convolution's bias is the same for every image. */
function perFilter(operand: Node, image: Node): Node | undefined {
  return spread(operand, image) !== undefined && operand.shape[0] === 1 ? operand : undefined;
}
