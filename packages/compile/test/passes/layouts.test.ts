import { tf, type Scalar, type Tensor, type Tensor4D } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { optimize } from '../../src/passes/optimize';
import { find, opsOf, traced } from '../support/graphs';

const conv = (x: Tensor, w: Tensor, strides = 1): Tensor => tf.conv2d(x as Tensor4D, w as Tensor4D, strides, 'same');
const plain = { channelBlock: 0, maxGatherPositions: 0 };
const blocked = { channelBlock: 16, maxGatherPositions: 200 };
const shapes = [[5, 8, 8, 32], [3, 3, 32, 32], [3, 3, 32, 32], [32]] as const; // prettier-ignore

/** Transpositions of anything larger than a filter. */
const largeTransposes = (graph: Parameters<typeof find>[0]): number =>
  find(graph, 'transpose').filter(({ shape }) => shape[0] === 5).length;

/** Two convolutions with a norm, a bias and a residual between them. */
const chain = (x: Tensor, w1: Tensor, w2: Tensor, bias: Tensor): Tensor => {
  const y = tf.add(conv(x, w1), bias);
  const normed = tf.mul(tf.sub(y, tf.mean(y, [1, 2], true)), tf.rsqrt(tf.mean(tf.square(y), [1, 2], true)));
  const both = tf.concat([tf.relu(normed), y], 3);
  return tf.add(x, conv(tf.slice(both, [0, 0, 0, 16], [-1, -1, -1, 32]), w2));
};

describe('layout propagation', () => {
  it.each([
    ['NCHW', plain],
    ['channel blocks', blocked],
  ])('keeps one layout (%s) through a chain of convolutions, norms and residuals', (_, costs) => {
    const graph = optimize(traced(shapes, chain), costs);
    // One way in, for x, and one way out.
    expect(largeTransposes(graph)).toBe(2);
  });

  it('needs no transposition to pool, since means work on any layout', () => {
    const graph = optimize(
      traced(shapes.slice(0, 2), (x, w) => tf.mean(conv(x, w), [1, 2])),
      plain,
    );
    expect(largeTransposes(graph)).toBe(1);
  });
});

describe('the choice of convolution', () => {
  it('follows the costs: NCHW, gathered patches or channel blocks', () => {
    const graph = traced(shapes.slice(0, 2), (x, w) => conv(x, w));
    expect(opsOf(optimize(graph, plain))).toContain('convNchw');
    expect(opsOf(optimize(graph, { channelBlock: 0, maxGatherPositions: 64 }))).toEqual(
      expect.arrayContaining(['gather', 'matMul']),
    );
    expect(opsOf(optimize(graph, blocked))).toContain('convBlocked');
  });

  it('reads patches where channels do not fill blocks, and NCHW where they do not fill one', () => {
    const of = (channels: number): string[] => opsOf(optimize(traced([[2, 8, 8, channels], [3, 3, channels, 16]], (x, w) => conv(x, w)), blocked)); // prettier-ignore
    expect(of(20)).not.toContain('convBlocked');
    expect(of(3)).toContain('convBlocked');
  });

  it('computes a filter gradient as one product of shifted rows and columns', () => {
    const graph = optimize(
      traced(
        shapes.slice(0, 2),
        (x, w) => tf.grads((a: Tensor, b: Tensor) => tf.sum<Scalar>(tf.square(conv(a, b))))([x, w])[1],
      ),
      blocked,
    );
    expect(find(graph, 'gather')).toHaveLength(2);
    expect(find(graph, 'matMul')).toHaveLength(1);
  });
});

describe('fusion over channel blocks', () => {
  it('makes one pass of scale, shift and residual, and of a sum of products', () => {
    const graph = optimize(
      traced([...shapes.slice(0, 3), [5, 1, 1, 32]], (x, w1, w2, scale) => {
        const y = conv(x, w1);
        const squares = tf.mean(tf.square(y), [1, 2], true);
        return tf.add(conv(tf.relu(tf.add(tf.mul(y, scale), squares)), w2), conv(x, tf.mul(w1, 2)));
      }),
      blocked,
    );
    expect(find(graph, 'channelAffine').map(({ attrs }) => attrs)).toEqual([{ shift: true, sum: false }]);
    expect(find(graph, 'channelDot')).toHaveLength(1);
    // The residual went into a convolution.
    expect(find(graph, 'convBlocked').filter(({ attrs }) => attrs.sum === true)).toHaveLength(1);
    expect(find(graph, 'add')).toHaveLength(0);
  });
});
