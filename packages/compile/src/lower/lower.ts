import { OnestepError } from '@onestep/tensor';
import { schedule } from '../graph/schedule';
import type { Graph, Node } from '../graph/node';
import { encodeModel, type OnnxModel, type OnnxValue } from '../onnx/model';
import { blockedLowerings } from './blocked';
import { elementwiseLowerings } from './elementwise';
import { Emitter, type LoweringTable } from './emitter';
import { linearLowerings } from './linear';
import { reduceLowerings } from './reduce';
import { shapeLowerings } from './shape';

const lowerings: LoweringTable = {
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
}

/**
 * Writes a graph as an ONNX model.
 *
 * @throws OnestepError (`unsupported`) if a node has no lowering
 */
export function lower(graph: Graph, options: LowerOptions = {}): Lowered {
  const model = lowerToModel(graph, options);
  return { bytes: encodeModel(model), nodes: model.nodes.length, constants: model.initializers.length };
}

/** {@link lower} before it is written. */
export function lowerToModel(
  graph: Graph,
  { portable = false, inputNames, outputNames, metadata }: LowerOptions = {},
): OnnxModel {
  const out = new Emitter(portable);
  const inputs = graph.inputs.map((node, i) => {
    const name = inputNames?.[i] ?? `i${i}`;
    out.define(node, name);
    return valueOf(node, name);
  });
  for (const node of schedule(graph)) {
    if (node.op === 'input' || node.op === 'constant') continue;
    const lowering = lowerings[node.op];
    if (lowering === undefined) throw new OnestepError('unsupported', `compile: ${node.op} has no ONNX lowering.`);
    out.define(node, lowering(node, out));
  }
  // Every output gets an operator of its own, since an input or another output cannot be named again.
  const outputs = graph.outputs.map((node, i) => {
    const name = outputNames?.[i] ?? `o${i}`;
    out.nodes.push({ opType: 'Identity', inputs: [out.name(node)], outputs: [name], attributes: {} });
    return valueOf(node, name);
  });
  const { nodes, initializers } = out;
  // ONNX Runtime orders operators itself, from the outputs back, the operand that is written last first: written
  // backwards, they run in the order of the schedule. The standard wants operands before users.
  if (!portable) nodes.reverse();
  return { nodes, initializers, inputs, outputs, ...(metadata === undefined ? {} : { metadata }) };
}

function valueOf({ dtype, shape }: Node, name: string): OnnxValue {
  return { name, type: dtype, shape };
}
