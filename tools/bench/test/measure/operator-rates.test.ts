import { describe, expect, it } from 'vitest';
import { operatorRates, sumOf, topGroups, type ProfileEvent } from '../../src/measure/operator-rates';

const event = (name: string, ts: number, dur: number, op_name: string, ...shapes: number[][]): ProfileEvent => ({
  cat: 'Node',
  name: `${name}_kernel_time`,
  ts,
  dur,
  args: {
    op_name,
    input_type_shape: shapes.slice(0, -1).map((shape) => ({ float: shape })),
    output_type_shape: shapes.slice(-1).map((shape) => ({ float: shape })),
  },
});
const run = (ts: number, dur: number): ProfileEvent => ({ cat: 'Session', name: 'model_run', ts, dur });

/** One run of 10 ms from `ts` on: two convolutions of one shape, one of another, a fused product, what moves data. */
const runFrom = (ts: number, slower = 1): ProfileEvent[] => [
  event('v0', ts + 1, 1000 * slower, 'Conv', [2, 4, 8, 8], [16, 4, 3, 3], [2, 16, 8, 8]),
  event('v1', ts + 1500, 1000 * slower, 'Conv', [2, 4, 8, 8], [16, 4, 3, 3], [2, 16, 8, 8]),
  event('v2', ts + 3000, 3000 * slower, 'Conv', [2, 16, 8, 8], [4, 16, 3, 3], [2, 4, 8, 8]),
  event('v4/MatMulAddFusion', ts + 7000, 500 * slower, 'Gemm', [8, 6], [6, 4], [4], [8, 4]),
  event('v5', ts + 8000, 250 * slower, 'Transpose', [8, 4], [4, 8]),
  event('o0', ts + 9000, 250 * slower, 'Identity', [4, 8], [4, 8]),
  run(ts, 10_000),
];
const operators = [
  { name: 'v0', op: 'conv2d', flops: 4e6 },
  { name: 'v1', op: 'conv2d', flops: 4e6 },
  { name: 'v2', op: 'conv2dInputGrad', flops: 6e6 },
  { name: 'v3', op: 'neg', flops: 0 },
  { name: 'v4', op: 'matMul', flops: 1e6 },
  { name: 'v5', op: 'matMul', flops: 0 },
];
const loading: ProfileEvent = { cat: 'Session', name: 'session_initialization', ts: 0, dur: 5 };

describe('operatorRates', () => {
  const events = [loading, ...runFrom(100, 7), ...runFrom(20_000), ...runFrom(40_000, 2)];

  it('sums products by what they stand for and the rest by operator, run by run, without the warm-up', () => {
    const { runMs, byKind } = operatorRates(events, operators);
    expect(runMs).toEqual([10, 10]);
    expect(byKind).toEqual([
      { name: 'conv2dInputGrad', calls: 1, flops: 6e6, ms: [3, 6] },
      { name: 'conv2d', calls: 2, flops: 8e6, ms: [2, 4] },
      { name: 'matMul', calls: 1, flops: 1e6, ms: [0.5, 1] },
      { name: 'Transpose', calls: 1, flops: 0, ms: [0.25, 0.5] },
      { name: 'Identity', calls: 1, flops: 0, ms: [0.25, 0.5] },
    ]);
  });

  it('tells shapes apart: operands of a product, results of anything else', () => {
    const { byShape } = operatorRates(events, operators);
    expect(byShape.map(({ name, calls }) => [name, calls])).toEqual([
      ['conv2dInputGrad as Conv [2,16,8,8] [4,16,3,3]', 1],
      ['conv2d as Conv [2,4,8,8] [16,4,3,3]', 2],
      ['matMul as Gemm [8,6] [6,4]', 1],
      ['Transpose [4,8]', 1],
      ['Identity [4,8]', 1],
    ]);
  });

  it('refuses a profile with nothing but warm-ups', () => {
    expect(() => operatorRates([loading, ...runFrom(100)], operators)).toThrow(/no run after 1 warm-ups/);
    expect(operatorRates(runFrom(100), operators, 0).byKind).toHaveLength(5);
  });
});

describe('topGroups', () => {
  const groups = [
    { name: 'a', calls: 1, flops: 10, ms: [5, 6] },
    { name: 'b', calls: 2, flops: 0, ms: [3, 4] },
    { name: 'c', calls: 3, flops: 7, ms: [1, 2] },
  ];

  it('sums up what is beyond the first, and loses nothing', () => {
    expect(topGroups(groups, 1)).toEqual([groups[0], { name: 'the rest', calls: 5, flops: 7, ms: [4, 6] }]);
    expect(topGroups(groups, 3)).toEqual(groups);
    expect(sumOf('all', topGroups(groups, 2))).toEqual(sumOf('all', groups));
  });
});
