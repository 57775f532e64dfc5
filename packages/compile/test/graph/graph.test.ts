import { tf } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { constant, constantElements, filled, uniformValue } from '../../src/graph/constant';
import { dumpGraph } from '../../src/graph/dump';
import { add, binary, unary } from '../../src/graph/elementwise';
import type { Node } from '../../src/graph/node';
import { countUses, nodesOf } from '../../src/graph/order';
import { rewrite, substitute } from '../../src/graph/rewrite';
import { schedule } from '../../src/graph/schedule';
import { concat, reshape, tile, transpose } from '../../src/graph/shape-ops';
import { opsOf, traced } from '../support/graphs';

const input = (shape: readonly number[]): Node => ({ op: 'input', inputs: [], attrs: {}, shape, dtype: 'float32' });

describe('a graph', () => {
  it('is what its outputs reach: dead code is not in it', () => {
    const graph = traced([[2]], (x) => {
      tf.exp(tf.sin(x));
      return tf.neg(x);
    });
    expect(opsOf(graph)).toEqual(['neg']);
  });

  it('lists operands before users, however deep it is', () => {
    let x = input([1]);
    const inputs = [x];
    for (let i = 0; i < 20_000; i += 1) x = add(x, inputs[0]);
    const order = nodesOf({ inputs, outputs: [x] });
    expect(order).toHaveLength(20_001);
    expect(order.at(-1)).toBe(x);
  });

  it('counts uses by operations and outputs', () => {
    const x = input([1]);
    const sum = add(x, x);
    expect(countUses({ inputs: [x], outputs: [sum, sum] })).toEqual(new Map([[x, 2], [sum, 2]])); // prettier-ignore
  });

  it('is rewritten from its inputs on and stays as it was', () => {
    const x = input([2]);
    const graph = { inputs: [x], outputs: [binary('sub', add(x, x), x)] };
    const rewritten = rewrite(graph, (node) =>
      node.op === 'add' ? binary('mul', node.inputs[0], node.inputs[1]) : node,
    );
    expect(opsOf(rewritten)).toEqual(['mul', 'sub']);
    expect(opsOf(graph)).toEqual(['add', 'sub']);
  });

  it('takes other inputs in the place of its own', () => {
    const x = input([4]);
    const flat = input([2, 2]);
    const graph = substitute({ inputs: [x], outputs: [add(x, x), x] }, new Map([[x, reshape(flat, [4])]]), [flat]);
    expect(opsOf(graph)).toEqual(['reshape', 'add']);
    expect(graph.inputs).toEqual([flat]);
  });

  it('prints one node a line', () => {
    const graph = traced([[2, 3]], (x) => tf.sum(tf.mul(x, 2), 1));
    expect(dumpGraph(graph)).toBe(
      [
        '$0 = input float32[2,3]',
        '%2 = mul($0, 2) float32[2,3]',
        '%3 = sum(%2, axes=[1]) float32[2]',
        'return %3',
      ].join('\n'),
    );
  });
});

describe('the schedule', () => {
  it('takes the deepest operand first, and members of a collection shallowest first', () => {
    const x = input([1]);
    const deep = [1, 2, 3].reduce((node) => unary('exp', node), unary('sin', x));
    const shallow = unary('cos', x);
    const order = schedule({ inputs: [x], outputs: [add(shallow, deep)] });
    expect(order.map(({ op }) => op)).toEqual(['input', 'sin', 'exp', 'exp', 'exp', 'cos', 'add']);

    const chain = Array.from({ length: 9 }, (_, i) => i).reduce<Node[]>(
      (nodes) => [unary('exp', nodes[0]), ...nodes],
      [unary('sin', x)],
    );
    const taps = chain.map((node) => unary('neg', node));
    const collected = schedule({ inputs: [x], outputs: [concat(taps, 0)] }).map(({ op }) => op);
    expect(collected.slice(0, 5)).toEqual(['input', 'sin', 'neg', 'exp', 'neg']);
  });

  it('keeps operands before users', () => {
    const graph = traced([[2, 3]], (x) => tf.softmax(tf.add(tf.mul(x, x), tf.exp(tf.mul(x, x)))));
    const seen = new Set<Node>();
    for (const node of schedule(graph)) {
      expect(node.inputs.every((operand) => seen.has(operand))).toBe(true);
      seen.add(node);
    }
    expect(seen).toEqual(new Set(nodesOf(graph)));
  });
});

describe('constants', () => {
  it('keep one element when all are equal, and write it out on demand', () => {
    const ones = constant(Float32Array.of(1, 1, 1, 1), [2, 2], 'float32');
    expect(uniformValue(ones)).toBe(1);
    expect(Array.from(constantElements(ones))).toEqual([1, 1, 1, 1]);
    expect(uniformValue(constant(Float32Array.of(0, -0), [2], 'float32'))).toBeUndefined();
    expect(filled(2.7, [3], 'int32').data).toEqual(Int32Array.of(2));
  });
});

describe('moves of elements', () => {
  it('compose and vanish', () => {
    const x = input([2, 3, 4]);
    expect(transpose(transpose(x, [2, 0, 1]), [1, 2, 0])).toBe(x);
    expect(reshape(reshape(x, [6, 4]), [2, 3, 4])).toBe(x);
    expect(transpose(input([2, 1, 1, 5]), [0, 3, 1, 2]).op).toBe('reshape');
    expect(tile(input([2, 1]), [1, 5]).op).toBe('broadcast');
  });
});
