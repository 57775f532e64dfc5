import { OnestepError } from '@onestep/tensor';
import type { Operator } from '../executors/executor';
import { flopsOf } from '../graph/flops';
import { schedule } from '../graph/schedule';
import { sizeOf, type Graph, type Node } from '../graph/node';
import { encodeModel, type OnnxModel, type OnnxNode, type OnnxValue } from '../onnx/model';
import { afterLowerings, zeroFrom } from './after';
import { blockedLowerings } from './blocked';
import { dropUnused } from './drop-unused';
import { elementwiseLowerings } from './elementwise';
import { Emitter, type LoweringTable } from './emitter';
import { linearLowerings } from './linear';
import { reduceLowerings } from './reduce';
import { shapeLowerings } from './shape';

const lowerings: LoweringTable = {
  ...afterLowerings,
  ...elementwiseLowerings,
  ...shapeLowerings,
  ...reduceLowerings,
  ...linearLowerings,
  ...blockedLowerings,
};

/** Options of {@link lower}. */
export interface LowerOptions {
  /** Standard ONNX operators only, for other runtimes than ONNX Runtime; default false. */
  readonly portable?: boolean;
  /** The executor's tensors live in a device's memory; default as `portable`. */
  readonly onDevice?: boolean;
  /** Names of inputs and outputs; default `i0, i1, ...` and `o0, o1, ...`. */
  readonly inputNames?: readonly string[];
  readonly outputNames?: readonly string[];
  /** Key-value pairs stored in the model. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A graph as an ONNX file. */
export interface Lowered {
  readonly bytes: Uint8Array;
  /** ONNX operators in it. */
  readonly nodes: number;
  /** ONNX constants in it. */
  readonly constants: number;
  /** What its operators were made for. */
  readonly operators: readonly Operator[];
}

/** Operators of ONNX that do the arithmetic of a product or convolution; what else a lowering emits moves data. */
const productTypes: readonly string[] = ['Conv', 'MatMul', 'Gemm', 'FusedMatMul'];

/**
 * Writes a graph as an ONNX model.
 *
 * @throws OnestepError (`unsupported`) if a node has no lowering
 */
export function lower(graph: Graph, options: LowerOptions = {}): Lowered {
  const model = lowerToModel(graph, options);
  const { nodes, initializers, operators } = model;
  return { bytes: encodeModel(model), nodes: nodes.length, constants: initializers.length, operators };
}

/** {@link lower} before it is written. */
export function lowerToModel(
  graph: Graph,
  { portable = false, onDevice = portable, inputNames, outputNames, metadata }: LowerOptions = {},
): OnnxModel & Pick<Lowered, 'operators'> {
  const out = new Emitter(portable, onDevice);
  const inputs = graph.inputs.map((node, i) => {
    const name = inputNames?.[i] ?? `i${i}`;
    out.define(node, name);
    return valueOf(node, name);
  });
  const known = graph.inputs.find(({ shape }) => sizeOf(shape) > 0);
  if (!onDevice && !portable && known !== undefined) out.hideShapes(zeroFrom(known, out));
  const order = schedule(graph);
  const operators: Operator[] = [];
  for (const node of order) {
    const before = out.nodes.length;
    if (node.op === 'input' || node.op === 'constant') continue;
    const lowering = lowerings[node.op];
    if (lowering === undefined) throw new OnestepError('unsupported', `compile: ${node.op} has no ONNX lowering.`);
    out.define(node, lowering(node, out));
    for (const made of out.nodes.slice(before)) operators.push(operatorOf(made, node));
  }
  // Every output gets an operator of its own, since an input or another output cannot be named again. They stand in the
  // order of the schedule as well: the first of them is where the runtime starts.
  const position = new Map(order.map((node, i) => [node, i]));
  const outputs = graph.outputs.map((node, i) => valueOf(node, outputNames?.[i] ?? `o${i}`));
  const scheduled = graph.outputs
    .map((node, i) => ({ node, name: outputs[i].name }))
    .sort((a, b) => (position.get(a.node) ?? 0) - (position.get(b.node) ?? 0));
  for (const { node, name } of scheduled) {
    out.nodes.push({ opType: 'Identity', inputs: [out.name(node)], outputs: [name], attributes: {} });
  }
  const nodes = dropUnused(
    out.nodes,
    outputs.map(({ name }) => name),
  );
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const initializers = out.initializers.filter(({ name }) => read.has(name));
  // ONNX Runtime orders operators itself, from the outputs back, the operand that is written last first: written
  // backwards, they run in the order of the schedule. The standard wants operands before users.
  if (!portable) nodes.reverse();
  return { nodes, initializers, inputs, outputs, operators, ...(metadata === undefined ? {} : { metadata }) };
}

function operatorOf({ opType, outputs: [name] }: OnnxNode, node: Node): Operator {
  const { standsFor } = node.attrs;
  const op = typeof standsFor === 'string' ? standsFor : node.op;
  return { name, op, flops: productTypes.includes(opType) ? flopsOf(node) : 0 };
}

function valueOf({ dtype, shape }: Node, name: string): OnnxValue {
  return { name, type: dtype, shape };
}
