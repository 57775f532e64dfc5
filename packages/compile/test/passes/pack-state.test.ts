import { tf } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/node';
import { shareCommonSubexpressions } from '../../src/passes/common-subexpressions';
import { packState, type StateTensor } from '../../src/passes/pack-state';
import { find, opsOf, traced } from '../support/graphs';

const shapes = [[2], [3], [2, 2], [1]] as const;

/** Momentum on four parameters: state is w0..w3, m0..m3; the last input scales. */
function momentum(gradients: 'alike' | 'one without'): { readonly graph: Graph; readonly state: StateTensor[] } {
  const step = traced([...shapes, ...shapes, []], (...args) => {
    const [weights, moments, scale] = [args.slice(0, 4), args.slice(4, 8), args[8]];
    const next = moments.map((m, i) => {
      const kept = tf.mul(m, 0.9);
      if (gradients === 'one without' && i === 3) return kept;
      return tf.add(kept, i % 2 === 0 ? tf.softmax(weights[i]) : tf.mul(tf.cumsum(weights[i]), scale));
    });
    return [...weights.map((w, i) => tf.sub(w, tf.mul(next[i], scale))), ...next];
  });
  const graph = shareCommonSubexpressions(step);
  const state = ['weights', 'moments'].flatMap((role, r) =>
    shapes.map((_, i) => ({ role, name: `p${i}`, input: graph.inputs[4 * r + i], output: graph.outputs[4 * r + i] })),
  );
  return { graph, state };
}

describe('packed state', () => {
  it('is one vector per role for parameters that are updated alike', () => {
    const { graph, state } = momentum('alike');
    const packed = packState(graph, state);
    expect(packed.slots.map(({ members }) => members)).toEqual([[0, 1, 2, 3], [4, 5, 6, 7]]); // prettier-ignore
    expect(packed.graph.inputs.map(({ shape }) => shape)).toEqual([[10], [10], []]);
    expect(packed.graph.outputs.map(({ shape }) => shape)).toEqual([[10], [10]]);
    // The update itself is computed once, on the vectors: only gradients are per parameter.
    expect(find(packed.graph, 'sub').map(({ shape }) => shape)).toEqual([[10]]);
    expect(find(packed.graph, 'concat')).toHaveLength(1);
  });

  it('leaves alone what is updated in a way of its own', () => {
    const { graph, state } = momentum('one without');
    const packed = packState(graph, state);
    expect(packed.slots.map(({ members }) => members).flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]); // prettier-ignore
    expect(opsOf(packed.graph).sort()).toEqual(opsOf(graph).sort());
  });
});
