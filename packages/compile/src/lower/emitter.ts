import { constantElements, uniformValue } from '../graph/constant';
import { sameShape, sizeOf, type ConstantData, type Node } from '../graph/node';
import type { OnnxAttribute, OnnxInitializer, OnnxNode, OnnxType } from '../onnx/model';

/** A uniform constant above this many elements is expanded at run time instead of being written out. */
const maxWrittenUniform = 1024;

/** From this many elements on a value is large. */
const minHidden = 16384;

/** Writes one node as ONNX operators and returns the name of its value. */
export type Lowering = (node: Node, out: Emitter) => string;

/** Lowerings by operation. */
export type LoweringTable = Readonly<Partial<Record<Node['op'], Lowering>>>;

/** Attributes with integers as plain numbers; floats are given as `{ float }`. */
type PlainAttributes = Readonly<Record<string, number | readonly number[] | string | { readonly float: number }>>;

/** Collects the operators and constants of one model. */
export class Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];
  readonly #names = new Map<Node, string>();
  readonly #known = new Map<string, string>();
  #zero: string | undefined;
  readonly #perNode = new Map<string, string>();
  /** Reshaped values to what they were reshaped from. */
  readonly #reshapes = new Map<string, { readonly name: string; readonly shape: readonly number[] }>();

  /**
   * @param portable - use standard operators only, none of ONNX Runtime's own
   * @param onDevice - tensors may live in a device's memory, shapes do not
   */
  constructor(
    readonly portable: boolean,
    readonly onDevice = portable,
  ) {}

  /** Declares the value of a node. */
  define(node: Node, name: string): void {
    this.#names.set(node, name);
  }

  /** Name of the value of a node; a constant is written on first use. */
  name(node: Node): string {
    const known = this.#names.get(node);
    if (known !== undefined) return known;
    if (node.data === undefined) throw new Error(`compile: ${node.op} is used before it is made.`);
    const name = this.#writeConstant(node);
    this.#names.set(node, name);
    return name;
  }

  /** Adds an operator with one output. */
  emit(opType: string, inputs: readonly string[], attributes: PlainAttributes = {}, domain?: string): string {
    return this.emitMany(opType, inputs, 1, attributes, domain)[0];
  }

  /** Adds an operator with several outputs. */
  emitMany(
    opType: string,
    inputs: readonly string[],
    outputCount: number,
    attributes: PlainAttributes = {},
    domain?: string,
  ): readonly string[] {
    const outputs = Array.from({ length: outputCount }, (_, i) => `v${this.nodes.length}${i === 0 ? '' : `_${i}`}`);
    const typed = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, typedAttribute(value)]));
    this.nodes.push({ opType, inputs, outputs, attributes: typed, ...(domain === undefined ? {} : { domain }) });
    return outputs;
  }

  /** A shared int64 vector, as shapes, axes and bounds are given to operators. */
  int64s(values: readonly number[]): string {
    return this.#shared(`int64s:${values.join()}`, () =>
      this.#initializer('int64', [values.length], BigInt64Array.from(values, BigInt)),
    );
  }

  /** A shared scalar of the dtype. */
  scalar(value: number, type: Node['dtype']): string {
    const key = Object.is(value, -0) ? '-0' : `${value}`;
    return this.#shared(`scalar:${type}:${key}`, () => this.#initializer(type, [], scalarData(value, type)));
  }

  /** The value of a node under another shape; chains of reshapes start from the first value. */
  reshape(node: Node, shape: readonly number[]): string {
    return this.reshaped(this.name(node), node.shape, shape);
  }

  /** A value of shape `from` under another shape. */
  reshaped(name: string, from: readonly number[], shape: readonly number[]): string {
    const first = this.#reshapes.get(name) ?? { name, shape: from };
    if (sameShape(first.shape, shape)) return first.name;
    return this.once(`reshape:${first.name}:${shape.join()}`, () => {
      const result = this.emit('Reshape', [first.name, this.#shapeOf(shape)], { allowzero: 1 });
      this.#reshapes.set(result, first);
      return result;
    });
  }

  /** The shape of a value, as a number that the runtime cannot know in advance if the value is large: see {@link Emitter.hideShapes}. */
  #shapeOf(shape: readonly number[]): string {
    if (this.#zero === undefined || sizeOf(shape) < minHidden) return this.int64s(shape);
    const zero = this.#zero;
    return this.once(`hidden:${shape.join()}`, () => this.emit('Add', [this.int64s(shape), zero]));
  }

  /**
   * Keeps the shapes of large values from ONNX Runtime until it runs. Where it knows them it plans to hand each buffer on to a
   * later value of the same shape, which keeps the buffer in between: memory becomes the sum over shapes of what each needs at
   * its worst moment, twice what is needed at any one moment.
   *
   * @param zero - name of a vector of one int64 that is 0, and that no optimizer can know to be
   */
  hideShapes(zero: string): void {
    this.#zero = zero;
  }

  /** Emits once per key: for a value that several lowerings derive from the same node. */
  once(key: string, make: () => string): string {
    const known = this.#perNode.get(key) ?? make();
    this.#perNode.set(key, known);
    return known;
  }

  #writeConstant(node: Node): string {
    const uniform = uniformValue(node);
    if (uniform === undefined || sizeOf(node.shape) <= maxWrittenUniform) {
      if (uniform !== undefined && node.shape.length === 0) return this.scalar(uniform, node.dtype);
      return this.#initializer(node.dtype, node.shape, constantElements(node));
    }
    return this.emit('Expand', [this.scalar(uniform, node.dtype), this.int64s(node.shape)]);
  }

  #shared(key: string, make: () => string): string {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }

  #initializer(type: OnnxType, shape: readonly number[], data: ConstantData | BigInt64Array): string {
    const name = `c${this.initializers.length}`;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name, type, shape, bytes });
    return name;
  }
}

function typedAttribute(value: PlainAttributes[string]): OnnxAttribute {
  if (typeof value === 'number') return { int: value };
  if (typeof value === 'string') return { text: value };
  return 'float' in value ? value : { ints: value };
}

function scalarData(value: number, type: Node['dtype']): ConstantData {
  if (type === 'float32') return Float32Array.of(value);
  return type === 'int32' ? Int32Array.of(value) : Uint8Array.of(value);
}
