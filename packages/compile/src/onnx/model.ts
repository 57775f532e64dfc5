import { MessageWriter } from './wire';

/** ONNX operator set that every model is written for, and the file format version that goes with it. */
export const onnxOpset = 18;
export const onnxIrVersion = 8;

/** Element types of ONNX tensors by their numbers in the format. */
export const onnxTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
export type OnnxType = keyof typeof onnxTypes;

/** An attribute; integers and floats are told apart by how they are given. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly text: string };

/** One operator call. */
export interface OnnxNode {
  readonly opType: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A named constant, little-endian. */
export interface OnnxInitializer {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A typed graph input or output. An extent given as text is symbolic. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

/** A whole model. */
export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata?: Readonly<Record<string, string>>;
}

// Field numbers and attribute kinds below are those of onnx.proto (ModelProto and what it holds).

/** Serializes a model. Operators outside the standard set get their domain's import. */
export function encodeModel({ nodes, initializers, inputs, outputs, metadata = {} }: OnnxModel): Uint8Array {
  const graph = new MessageWriter();
  for (const node of nodes) graph.message(1, encodeNode(node));
  graph.text(2, 'onestep');
  for (const initializer of initializers) graph.message(5, encodeInitializer(initializer));
  for (const input of inputs) graph.message(11, encodeValue(input));
  for (const output of outputs) graph.message(12, encodeValue(output));

  const model = new MessageWriter().integer(1, onnxIrVersion).text(2, 'onestep').message(7, graph);
  model.message(8, new MessageWriter().text(1, '').integer(2, onnxOpset));
  const domains = new Set(nodes.flatMap(({ domain }) => (domain === undefined ? [] : [domain])));
  for (const domain of domains) model.message(8, new MessageWriter().text(1, domain).integer(2, 1));
  for (const [key, value] of Object.entries(metadata)) {
    model.message(14, new MessageWriter().text(1, key).text(2, value));
  }
  return model.finish();
}

function encodeNode({ opType, domain, inputs, outputs, attributes }: OnnxNode): MessageWriter {
  const node = new MessageWriter();
  for (const input of inputs) node.text(1, input);
  for (const output of outputs) node.text(2, output);
  node.text(3, outputs[0]).text(4, opType);
  for (const [name, attribute] of Object.entries(attributes)) node.message(5, encodeAttribute(name, attribute));
  if (domain !== undefined) node.text(7, domain);
  return node;
}

function encodeAttribute(name: string, attribute: OnnxAttribute): MessageWriter {
  const message = new MessageWriter().text(1, name);
  if ('float' in attribute) return message.float(2, attribute.float).integer(20, 1);
  if ('int' in attribute) return message.integer(3, attribute.int).integer(20, 2);
  if ('text' in attribute) return message.text(4, attribute.text).integer(20, 3);
  return message.integers(8, attribute.ints).integer(20, 7);
}

function encodeInitializer({ name, type, shape, bytes }: OnnxInitializer): MessageWriter {
  return new MessageWriter().integers(1, shape).integer(2, onnxTypes[type]).text(8, name).bytes(9, bytes);
}

function encodeValue({ name, type, shape }: OnnxValue): MessageWriter {
  const dimensions = new MessageWriter();
  for (const extent of shape) {
    const dimension = new MessageWriter();
    if (typeof extent === 'number') dimension.integer(1, extent);
    else dimension.text(2, extent);
    dimensions.message(1, dimension);
  }
  const tensor = new MessageWriter().integer(1, onnxTypes[type]).message(2, dimensions);
  return new MessageWriter().text(1, name).message(2, new MessageWriter().message(1, tensor));
}
