import { tf, type Tensor, type Tensor4D } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { flopsOf } from '../../src/graph/flops';
import type { Graph } from '../../src/graph/node';
import { nodesOf } from '../../src/graph/order';
import { lower } from '../../src/lower/lower';
import { convolutionCosts } from '../../src/passes/convolutions/costs';
import { optimize } from '../../src/passes/optimize';
import { traced } from '../support/graphs';

const total = (graph: Graph): number => nodesOf(graph).reduce((sum, node) => sum + flopsOf(node), 0);

/** Value and both gradients of a 3 x 3 convolution, 2 images of 16 x 16. */
const conv = (x: Tensor, w: Tensor): unknown => {
  const apply = (image: Tensor, filter: Tensor): Tensor => tf.conv2d(image as Tensor4D, filter as Tensor4D, 1, 'same');
  return [apply(x, w), ...tf.grads((image: Tensor, filter: Tensor) => tf.sum(tf.square(apply(image, filter))))([x, w])];
};

describe('flopsOf', () => {
  it.each([
    ['plain', (a: Tensor, b: Tensor) => tf.matMul(a, b), [[5, 3], [3, 7]], 2 * 5 * 3 * 7],
    ['transposed', (a: Tensor, b: Tensor) => tf.matMul(a, b, true, true), [[3, 5], [7, 3]], 2 * 5 * 3 * 7],
    ['batched', (a: Tensor, b: Tensor) => tf.matMul(a, b, false, true), [[2, 4, 5, 3], [2, 4, 7, 3]], 8 * 2 * 5 * 3 * 7],
  ])('counts a %s product as two a multiply-add', (_, fn, shapes, flops) => {
    expect(total(traced(shapes, fn))).toBe(flops);
  }); // prettier-ignore

  it('counts nothing but products and convolutions', () => {
    expect(total(traced([[4, 8]], (x) => tf.softmax(tf.exp(tf.sum(x, 1, true)))))).toBe(0);
  });

  it.each([
    ['over channel blocks', convolutionCosts('cpu', 16)],
    ['channels first', convolutionCosts('cpu', 0)],
  ])('counts a convolution and each gradient alike, %s', (_, costs) => {
    const forward = 2 * (2 * 16 * 16 * 32) * 9 * 32;
    const graph = optimize(traced([[2, 16, 16, 32], [3, 3, 32, 32]], conv), costs); // prettier-ignore
    const byOp: Record<string, number> = {};
    for (const { op, flops } of lower(graph).operators) if (flops > 0) byOp[op] = (byOp[op] ?? 0) + flops;
    expect(byOp).toEqual({ conv2d: forward, conv2dInputGrad: forward, conv2dFilterGrad: forward });
    expect(total(graph)).toBe(3 * forward);
  });
});

describe('the operators of a model', () => {
  it('have the names they have in it, and one each for its arithmetic', () => {
    const graph = optimize(traced([[2, 16, 16, 3], [3, 3, 3, 5]], conv), convolutionCosts('cpu', 0)); // prettier-ignore
    const { bytes, operators } = lower(graph);
    const text = new TextDecoder('latin1').decode(bytes);
    for (const { name, flops } of operators) if (flops > 0) expect(text).toContain(`\x1a${String.fromCharCode(name.length)}${name}`); // prettier-ignore
    expect(operators.filter(({ flops }) => flops > 0)).toHaveLength(3);
    expect(new Set(operators.map(({ name }) => name)).size).toBe(operators.length);
  });
});
