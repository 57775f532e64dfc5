import { tf, type Scalar, type Tensor } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { uniformValue } from '../../src/graph/constant';
import { axisGroups, inversePermutation } from '../../src/passes/axis-groups';
import { stripBroadcasts } from '../../src/passes/broadcasts';
import { shareCommonSubexpressions } from '../../src/passes/common-subexpressions';
import { foldConstants } from '../../src/passes/fold-constants';
import { foldMoves } from '../../src/passes/fold-moves';
import { optimize } from '../../src/passes/optimize';
import { simplifySilu } from '../../src/passes/silu';
import { simplify } from '../../src/passes/simplify';
import { splitReductions } from '../../src/passes/split-reductions';
import { find, opsOf, traced } from '../support/graphs';

const noBlocks = { channelBlock: 0, maxGatherPositions: 0 };

describe('constant folding', () => {
  it('computes what depends on constants alone, rounded to float32', () => {
    const graph = foldConstants(traced([[2]], (x) => tf.mul(x, tf.sub(1, tf.mul(tf.scalar(0.1), 3)))));
    expect(opsOf(graph)).toEqual(['mul']);
    expect(uniformValue(graph.outputs[0].inputs[1])).toBe(Math.fround(1 - Math.fround(Math.fround(0.1) * 3)));
  });

  it('keeps a uniform constant uniform through any move and reduction', () => {
    const graph = foldConstants(traced([], () => tf.sum(tf.transpose(tf.reshape(tf.ones([6]), [2, 3])), 0)));
    expect(uniformValue(graph.outputs[0])).toBe(3);
    expect(graph.outputs[0].shape).toEqual([2]);
  });

  it('folds elementwise arithmetic on arrays', () => {
    const graph = foldConstants(traced([], () => tf.add(tf.tensor1d([1, 2]), tf.square(tf.tensor1d([3, 4])))));
    expect(graph.outputs[0].data).toEqual(Float32Array.of(10, 18));
  });
});

describe('moves of constants', () => {
  it('are done once, at any size and rank', () => {
    const values = Float32Array.from({ length: 70_000 }, (_, i) => i);
    const graph = foldMoves(
      traced([], () =>
        tf.reshape(tf.transpose(tf.reshape(tf.tensor1d(values), [4, 7, 50, 50]), [3, 1, 0, 2]), [350, 200]),
      ),
    );
    expect(opsOf(graph)).toEqual([]);
    // Position (d, b, a, c) of the result holds element (a, b, c, d).
    const expected = Float32Array.from({ length: 70_000 }, (_, i) => {
      const [d, b, a, c] = [Math.floor(i / 1400), Math.floor(i / 200) % 7, Math.floor(i / 50) % 4, i % 50];
      return ((a * 7 + b) * 50 + c) * 50 + d;
    });
    expect(graph.outputs[0].data).toEqual(expected);
  });

  it('leave none for the weights of a blocked convolution, however large', () => {
    const values = Float32Array.from({ length: 9 * 96 * 96 }, (_, i) => i);
    const graph = optimize(
      traced([[1, 8, 8, 96]], (x) =>
        tf.relu(tf.conv2d(x as tf.Tensor4D, tf.tensor4d(values, [3, 3, 96, 96]), 1, 'same')),
      ),
      { channelBlock: 16, maxGatherPositions: 0 },
    );
    const [conv] = find(graph, 'convBlocked');
    expect(conv.inputs[1].op).toBe('constant');
    expect(conv.inputs[1].shape).toEqual([6, 6, 3, 3, 16, 16]);
  });
});

describe('common subexpressions', () => {
  it('are computed once, equal constants included', () => {
    const graph = shareCommonSubexpressions(traced([[2]], (x) => tf.add(tf.exp(tf.mul(x, 2)), tf.exp(tf.mul(x, 2)))));
    expect(opsOf(graph)).toEqual(['mul', 'exp', 'add']);
  });

  it('differ by attributes and by the sign of zero', () => {
    const graph = shareCommonSubexpressions(
      traced([[2, 2]], (x) => [tf.sum(x, 0), tf.sum(x, 1), tf.mul(x, 0), tf.mul(x, -0)]),
    );
    expect(opsOf(graph)).toEqual(['sum', 'sum', 'mul', 'mul']);
  });
});

describe('broadcasts', () => {
  it('reads uniform constants as scalars, so that a reduction gradient needs no ones', () => {
    const graph = optimize(
      traced([[2, 3]], (x) => tf.grads((y: Tensor) => tf.sum<Scalar>(tf.mul(tf.mean(y, 1), 3)))([x])),
      noBlocks,
    );
    expect(opsOf(graph)).toEqual([]);
    expect(uniformValue(graph.outputs[0])).toBe(1);
  });

  it('computes at the smaller size where no operand has the full one', () => {
    const graph = stripBroadcasts(traced([[2, 1]], (x) => tf.exp(tf.tile(x, [1, 5]))));
    expect(opsOf(graph)).toEqual(['exp', 'broadcast']);
    expect(find(graph, 'exp')[0].shape).toEqual([2, 1]);
  });

  it('moves a broadcast past axes of extent 1', () => {
    const graph = stripBroadcasts(traced([[2, 1], [2, 1, 1, 4]], (x, y) => tf.mul(y, tf.reshape(tf.tile(x, [1, 4]), [2, 1, 1, 4])))); // prettier-ignore
    expect(opsOf(graph)).toEqual(['reshape', 'mul']);
  });
});

describe('simplification', () => {
  it.each<[string, (x: Tensor) => Tensor, string[]]>([
    ['x * 1', (x) => tf.mul(x, 1), []],
    ['x + 0', (x) => tf.add(0, x), []],
    ['x / 1', (x) => tf.div(x, 1), []],
    ['x + (-y)', (x) => tf.add(x, tf.neg(tf.exp(x))), ['exp', 'sub']],
    ['-(-x)', (x) => tf.neg(tf.neg(x)), []],
    ['x^2', (x) => tf.pow(x, 2), ['mul']],
    ['x^0.5', (x) => tf.pow(x, 0.5), ['sqrt']],
    ['(2 x) 3', (x) => tf.mul(tf.mul(x, 2), 3), ['mul']],
    ['reshape of a reshape', (x) => tf.reshape(tf.reshape(x, [6]), [2, 3]), []],
  ])('%s', (_, fn, ops) => {
    expect(opsOf(simplify(traced([[2, 3]], fn)))).toEqual(ops);
  });

  it('puts a scalar on the smaller factor', () => {
    const graph = simplify(traced([[2, 1], [2, 3]], (small, x) => tf.mul(small, tf.mul(x, 2)))); // prettier-ignore
    expect(find(graph, 'mul').map(({ shape }) => shape)).toEqual([[2, 1], [2, 3]]); // prettier-ignore
  });

  it('keeps x * 0, which is NaN for infinite x', () => {
    expect(opsOf(simplify(traced([[2]], (x) => tf.mul(x, 0))))).toEqual(['mul']);
  });
});

describe('the gradient of SiLU', () => {
  it('takes four operations instead of six', () => {
    const silu = (x: Tensor): Tensor => tf.mul(x, tf.sigmoid(x));
    const graph = shareCommonSubexpressions(traced([[2], [2]], (x, d) => [silu(x), tf.grad(silu)(x, d)])); // prettier-ignore
    expect(opsOf(graph)).toHaveLength(8);
    // The first two are the forward pass; the sigmoid of the backward pass is another one.
    const ops = ['sigmoid', 'mul', 'sigmoid', 'sub', 'mul', 'add', 'mul'];
    expect(opsOf(shareCommonSubexpressions(simplifySilu(graph)))).toEqual(ops);
  });
});

describe('split reductions', () => {
  it('sums neighbouring axes first, and extents of 1 never', () => {
    const graph = splitReductions(traced([[2, 3, 4, 5], [2, 1, 4, 5]], (x, y) => [tf.sum(x, [0, 2]), tf.sum(y, [0, 2])])); // prettier-ignore
    expect(find(graph, 'sum').map(({ attrs }) => attrs.axes)).toEqual([[2], [0], [0, 2]]);
    expect(graph.outputs.map(({ shape }) => shape)).toEqual([[3, 5], [1, 5]]); // prettier-ignore
  });
});

describe('axis groups', () => {
  it('are the finest independent parts of a reshape', () => {
    expect(axisGroups([4, 6, 5], [4, 2, 3, 5])).toEqual([
      { from: [0], to: [0] },
      { from: [1], to: [1, 2] },
      { from: [2], to: [3] },
    ]);
    expect(axisGroups([2, 3, 4], [6, 1, 4])).toEqual([
      { from: [0, 1], to: [0] },
      { from: [], to: [1] },
      { from: [2], to: [2] },
    ]);
  });

  it('come with inverse permutations', () => {
    expect(inversePermutation([2, 0, 1])).toEqual([1, 2, 0]);
  });
});
