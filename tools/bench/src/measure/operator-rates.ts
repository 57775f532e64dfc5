import type { Operator } from '@onestep/compile';

/** The part of an event of ONNX Runtime's profile that is used here; times in microseconds. */
export interface ProfileEvent {
  readonly cat: string;
  /** `v12_kernel_time` of an operator, `model_run` of a run. */
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    /** Shapes by element type, one record per tensor. */
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** Operators of one kind, or of one kind and shape. */
export interface OperatorGroup {
  /** `conv2d`, and with shapes `conv2d as Conv [16,32,28,28] [32,32,3,3]`. */
  readonly name: string;
  /** Operators in one run. */
  readonly calls: number;
  /** Floating-point operations in one run, of products and convolutions alone. */
  readonly flops: number;
  /** Milliseconds by run. */
  readonly ms: readonly number[];
}

/** What a profile comes down to. */
export interface OperatorRates {
  /** Milliseconds of whole runs, what is between the operators included. */
  readonly runMs: readonly number[];
  /** Largest first. */
  readonly byKind: readonly OperatorGroup[];
  readonly byShape: readonly OperatorGroup[];
}

const suffix = '_kernel_time';

/**
 * Joins a profile with what its operators were made for. The kind of a product or convolution is the operation of the
 * traced graph (`conv2dFilterGrad`), that of anything else its operator (`Transpose`): most of those serve several.
 *
 * @param events - of one session
 * @param operators - of its model
 * @param warmups - runs at the start that do not count
 * @throws {@link RangeError} if no run is left
 */
export function operatorRates(
  events: readonly ProfileEvent[],
  operators: readonly Operator[],
  warmups = 1,
): OperatorRates {
  const runs = events.filter(({ name }) => name === 'model_run').slice(warmups);
  if (runs.length === 0) throw new RangeError(`operatorRates: the profile has no run after ${warmups} warm-ups.`);
  const known = new Map(operators.map((operator) => [operator.name, operator]));
  const kinds = new Groups(runs.length);
  const shapes = new Groups(runs.length);
  for (const event of events) {
    const { cat, name, ts, dur, args = {} } = event;
    const run = runs.findIndex((candidate) => ts >= candidate.ts && ts <= candidate.ts + candidate.dur);
    if (cat !== 'Node' || !name.endsWith(suffix) || run < 0) continue;
    const type = args.op_name ?? 'unknown';
    // What ONNX Runtime fused is called after one of the operators it was: `v12/MatMulAddFusion`.
    const operator = known.get(name.slice(0, -suffix.length).split('/')[0]);
    const flops = operator?.flops ?? 0;
    const kind = flops > 0 && operator !== undefined ? operator.op : type;
    kinds.add(kind, run, dur, flops);
    shapes.add(`${kind === type ? kind : `${kind} as ${type}`} ${shapesOf(event, flops > 0)}`, run, dur, flops);
  }
  return { runMs: runs.map(({ dur }) => dur / 1000), byKind: kinds.sorted(), byShape: shapes.sorted() };
}

/** The first groups and, under the name `the rest`, the sum of the others. */
export function topGroups(groups: readonly OperatorGroup[], count: number): OperatorGroup[] {
  const others = groups.slice(count);
  return others.length === 0 ? [...groups] : [...groups.slice(0, count), sumOf('the rest', others)];
}

/**
 * Several groups as one.
 *
 * @param groups - at least one
 */
export function sumOf(name: string, groups: readonly OperatorGroup[]): OperatorGroup {
  return groups
    .map((group) => ({ ...group, name }))
    .reduce((sum, { calls, flops, ms }) => ({
      name,
      calls: sum.calls + calls,
      flops: sum.flops + flops,
      ms: sum.ms.map((value, run) => value + ms[run]),
    }));
}

/** Operands of a product; the result of anything else. */
function shapesOf({ args = {} }: ProfileEvent, product: boolean): string {
  const tensors = product ? args.input_type_shape?.slice(0, 2) : args.output_type_shape?.slice(0, 1);
  return (tensors ?? []).map((tensor) => `[${Object.values(tensor).at(0)?.join() ?? ''}]`).join(' ');
}

/** Sum of some numbers. */
export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Sums by name over runs. */
class Groups {
  readonly #sums = new Map<string, { calls: number; flops: number; readonly ms: number[] }>();

  constructor(readonly runs: number) {}

  add(name: string, run: number, microseconds: number, flops: number): void {
    const sum = this.#sums.get(name) ?? { calls: 0, flops: 0, ms: new Array<number>(this.runs).fill(0) };
    this.#sums.set(name, sum);
    sum.calls += 1 / this.runs;
    sum.flops += flops / this.runs;
    sum.ms[run] += microseconds / 1000;
  }

  sorted(): OperatorGroup[] {
    return [...this.#sums]
      .map(([name, { calls, flops, ms }]) => ({ name, calls: Math.round(calls), flops: Math.round(flops), ms }))
      .sort((a, b) => total(b.ms) - total(a.ms));
  }
}
