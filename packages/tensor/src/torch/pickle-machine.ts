import { type ByteReader } from './byte-reader';
import { badTorchFile, maxIntegerBytes, printed } from './limits';

/** A name of Python that the reader knows; calling it builds data and runs nothing of the file's. */
export interface PickleGlobal {
  readonly global: string;
  readonly call?: ((args: readonly unknown[]) => unknown) | undefined;
}

/** What a pickle may refer to outside itself. */
export interface PickleWorld {
  /** @throws OnestepError for a name that is not on the allow-list */
  resolve(module: string, name: string): PickleGlobal;
  /** An object that the file stores elsewhere. */
  persistent(id: unknown): unknown;
  /** Sets an object's attributes. */
  build(target: unknown, state: unknown): void;
}

/** Python's tuple. */
export class PickleTuple {
  constructor(readonly items: readonly unknown[]) {}
}

/**
 * Reads one pickle as data: numbers, text, lists, tuples, dictionaries (as `Map`), and the calls that `world` allows.
 * Every instruction costs at least one byte of the file, and none costs more than it makes, so the work is bounded by the file's size.
 *
 * @param reader - stands at the beginning, and behind the pickle afterwards
 * @throws OnestepError `bad-weight-file`
 */
export function unpickle(reader: ByteReader, world: PickleWorld): unknown {
  const machine = new Machine(reader, world);
  try {
    return machine.run();
  } finally {
    machine.clear();
  }
}

class Machine {
  #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(
    readonly reader: ByteReader,
    readonly world: PickleWorld,
  ) {}

  clear(): void {
    this.#stack = [];
    this.#memo.clear();
  }

  run(): unknown {
    for (;;) {
      const at = this.reader.position;
      const opcode = this.reader.uint8();
      if (opcode === 0x2e) return this.#pop();
      const instruction = instructions[opcode];
      if (instruction === undefined) {
        throw badTorchFile(
          `byte ${at} is the pickle instruction 0x${opcode.toString(16)}, which torch.save does not write`,
        );
      }
      instruction(this);
    }
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    return this.#pop();
  }

  /** The value on top, which stays there. */
  top(): unknown {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Everything above the last mark. */
  popMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.broken('closes a group that was not opened');
    return this.#stack.splice(mark);
  }

  popMany(count: number): unknown[] {
    const values = Array.from({ length: count }, () => this.#pop());
    return values.reverse();
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
  }

  rememberNext(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw this.broken(`recalls entry ${index}, which it did not store`);
    this.push(this.#memo.get(index));
  }

  broken(what: string): Error {
    return badTorchFile(`the pickle ${what}, before byte ${this.reader.position}`);
  }

  #pop(): unknown {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length <= floor) throw this.broken('takes a value that is not there');
    return this.#stack.pop();
  }
}

type Instruction = (machine: Machine) => void;

const integer = (bytes: Uint8Array, machine: Machine): number | bigint => {
  if (bytes.length > maxIntegerBytes) throw machine.broken(`holds an integer of ${bytes.length} bytes`);
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[i]);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  return BigInt.asIntN(54, signed) === signed && Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
};

const listOf = (machine: Machine, value: unknown): unknown[] => {
  if (!Array.isArray(value)) throw machine.broken('appends to something that is no list');
  return value as unknown[];
};

const setItems = (machine: Machine, target: unknown, items: readonly unknown[]): void => {
  if (!(target instanceof Map)) throw machine.broken('sets an entry of something that is no dictionary');
  if (items.length % 2 !== 0) throw machine.broken('holds a key without a value');
  for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
};

const call = (machine: Machine): void => {
  const args = machine.pop();
  const callee = machine.pop() as PickleGlobal | null;
  if (!(args instanceof PickleTuple) || typeof callee !== 'object' || callee === null || !('global' in callee)) {
    throw machine.broken('calls something that cannot be called');
  }
  if (callee.call === undefined)
    throw badTorchFile(`the pickle calls ${callee.global}, which is a type, not a function`);
  machine.push(callee.call(args.items));
};

const popText = (machine: Machine): string => {
  const value = machine.pop();
  if (typeof value !== 'string') throw machine.broken(`names a global with ${printed(value)}`);
  return value;
};

/** By opcode; what is missing is not read. */
const instructions: Readonly<Record<number, Instruction>> = {
  // Numbers and constants
  0x4e: (m) => m.push(null),
  0x88: (m) => m.push(true),
  0x89: (m) => m.push(false),
  0x4a: (m) => m.push(m.reader.int32()),
  0x4b: (m) => m.push(m.reader.uint8()),
  0x4d: (m) => m.push(m.reader.uint16()),
  0x8a: (m) => m.push(integer(m.reader.take(m.reader.uint8()), m)),
  0x8b: (m) => m.push(integer(m.reader.take(m.reader.uint32()), m)),
  0x47: (m) => m.push(m.reader.bigEndianFloat64()),
  // Text and bytes; Python 2 wrote its strings as bytes
  0x58: (m) => m.push(m.reader.text(m.reader.uint32())),
  0x8c: (m) => m.push(m.reader.text(m.reader.uint8())),
  0x8d: (m) => m.push(m.reader.text(m.reader.uint64())),
  0x54: (m) => m.push(m.reader.text(m.reader.uint32())),
  0x55: (m) => m.push(m.reader.text(m.reader.uint8())),
  0x42: (m) => m.push(m.reader.take(m.reader.uint32())),
  0x43: (m) => m.push(m.reader.take(m.reader.uint8())),
  // Lists and tuples
  0x5d: (m) => m.push([]),
  0x61: (m) => {
    const value = m.pop();
    listOf(m, m.top()).push(value);
  },
  0x65: (m) => {
    const items = m.popMark();
    const list = listOf(m, m.top());
    for (const item of items) list.push(item);
  },
  0x6c: (m) => m.push(m.popMark()),
  0x29: (m) => m.push(new PickleTuple([])),
  0x74: (m) => m.push(new PickleTuple(m.popMark())),
  0x85: (m) => m.push(new PickleTuple(m.popMany(1))),
  0x86: (m) => m.push(new PickleTuple(m.popMany(2))),
  0x87: (m) => m.push(new PickleTuple(m.popMany(3))),
  // Dictionaries
  0x7d: (m) => m.push(new Map()),
  0x64: (m) => {
    const map = new Map();
    setItems(m, map, m.popMark());
    m.push(map);
  },
  0x73: (m) => {
    const items = m.popMany(2);
    setItems(m, m.top(), items);
  },
  0x75: (m) => {
    const items = m.popMark();
    setItems(m, m.top(), items);
  },
  // Stack and memo
  0x28: (m) => m.mark(),
  0x30: (m) => void m.pop(),
  0x31: (m) => void m.popMark(),
  0x32: (m) => m.push(m.top()),
  0x71: (m) => m.remember(m.reader.uint8()),
  0x72: (m) => m.remember(m.reader.uint32()),
  0x94: (m) => m.rememberNext(),
  0x68: (m) => m.recall(m.reader.uint8()),
  0x6a: (m) => m.recall(m.reader.uint32()),
  // Names, calls, objects kept elsewhere
  0x63: (m) => m.push(m.world.resolve(m.reader.line(), m.reader.line())),
  0x93: (m) => {
    const name = popText(m);
    m.push(m.world.resolve(popText(m), name));
  },
  0x52: call,
  0x81: call,
  0x62: (m) => {
    const state = m.pop();
    m.world.build(m.top(), state);
  },
  0x51: (m) => m.push(m.world.persistent(m.pop())),
  // Protocol and frames
  0x80: (m) => {
    const protocol = m.reader.uint8();
    if (protocol < 2 || protocol > 5) throw badTorchFile(`the pickle has protocol ${protocol}, expected 2 to 5`);
  },
  0x95: (m) => void m.reader.uint64(),
};
