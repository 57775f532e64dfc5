import type { HostTensor } from '@onestep/tensor';
import type { Executor, Value } from './executors/executor';
import { sizeOf, type DType } from './graph/node';

/** Which tensors of a state lie one behind the other in each buffer, by their positions in the state. */
export type StatePacking = readonly (readonly number[])[];

/** What a state tensor is, without its elements. */
export interface StateShape {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * A training state in an executor's memory: two sets of buffers that take turns, since a run may not write what it reads.
 */
export class StateBuffers {
  #current: readonly Value[];
  #spare: readonly (Value | undefined)[];

  /**
   * @param tensors - the state; copied
   * @param packing - members of each buffer; members of one buffer have one dtype
   */
  constructor(
    readonly executor: Executor,
    tensors: readonly HostTensor[],
    readonly packing: StatePacking,
  ) {
    this.#current = packing.map((members) => executor.value(joined(members.map((i) => tensors[i]))));
    this.#spare = this.#current.map(({ dtype, shape }) =>
      executor.writesInPlace ? executor.value({ dtype, shape, data: zeros(dtype, sizeOf(shape)) }) : undefined,
    );
  }

  /** The buffers to read. */
  get current(): readonly Value[] {
    return this.#current;
  }

  /** The buffers to write, where the executor writes in place. */
  get spare(): readonly (Value | undefined)[] {
    return this.#spare;
  }

  /** Makes what was written current. */
  advance(written: readonly Value[]): void {
    const previous = this.#current;
    this.#current = written;
    if (this.executor.writesInPlace) this.#spare = previous;
    else for (const value of previous) value.dispose();
  }

  /** Copies the state out, in the order it was given in. */
  async read(shapes: readonly StateShape[]): Promise<HostTensor[]> {
    const tensors = new Array<HostTensor>(shapes.length);
    for (const [slot, members] of this.packing.entries()) {
      const data = (await this.#current[slot].read()) as HostTensor['data'];
      let begin = 0;
      for (const i of members) {
        const { dtype, shape } = shapes[i];
        const size = sizeOf(shape);
        tensors[i] = { dtype: dtype as HostTensor['dtype'], shape, data: data.slice(begin, begin + size) };
        begin += size;
      }
    }
    return tensors;
  }

  /** Frees both sets. */
  dispose(): void {
    for (const value of [...this.#current, ...this.#spare]) value?.dispose();
  }
}

/** One tensor as it is, several as a vector. */
function joined(tensors: readonly HostTensor[]): HostTensor {
  const [{ dtype, shape, data }] = tensors;
  if (tensors.length === 1) return { dtype, shape, data: data.slice() };
  const size = tensors.reduce((sum, tensor) => sum + tensor.data.length, 0);
  const all = zeros(dtype, size);
  let begin = 0;
  for (const tensor of tensors) {
    all.set(tensor.data, begin);
    begin += tensor.data.length;
  }
  return { dtype, shape: [size], data: all };
}

function zeros(dtype: DType, size: number): HostTensor['data'] {
  return dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
}
