import { sameShape, sizeOf, type Graph, type Node } from '../graph/node';
import { substitute } from '../graph/rewrite';
import { concat, reshape, slice } from '../graph/shape-ops';
import { isElementwise } from './broadcasts';

/** A class of fewer tensors than this is not worth a vector. */
const minMembers = 4;

/** One tensor of a training state: what it was and what it becomes. */
export interface StateTensor {
  /** For example `student` or `adam.m`. */
  readonly role: string;
  /** Name of the parameter it belongs to; the same in every role. */
  readonly name: string;
  readonly input: Node;
  readonly output: Node;
}

/** State tensors that lie one behind the other in one vector, or one tensor in its own shape. */
export interface Slot {
  /** Positions in the list of state tensors. */
  readonly members: readonly number[];
  readonly input: Node;
  readonly output: Node;
}

/** A graph whose first inputs and outputs are the slots; what followed the state follows them. */
export interface PackedState {
  readonly graph: Graph;
  readonly slots: readonly Slot[];
}

/**
 * Lays the state out in few long vectors. The tensors of a role are updated alike, so the update is done once on the
 * vector of all of them: a few hundred operators instead of some for every parameter.
 *
 * @param graph - outputs are those of `state` in order, then others; inputs are those of `state`, then others
 * @param options - `vectors`: false leaves every tensor in its own shape; default true
 */
export function packState(
  graph: Graph,
  state: readonly StateTensor[],
  { vectors = true }: { readonly vectors?: boolean } = {},
): PackedState {
  const classes = new Map<string, number[][]>();
  for (const tensors of byName(state)) {
    const key = signature(tensors.map((i) => state[i]));
    classes.set(key, [...(classes.get(key) ?? []), tensors]);
  }
  const slots: Slot[] = [];
  const replacements = new Map<Node, Node>();
  for (const members of classes.values()) {
    const packed = vectors && members.length >= minMembers ? packClass(members, state) : undefined;
    if (packed === undefined) {
      for (const i of members.flat()) slots.push({ members: [i], input: state[i].input, output: state[i].output });
      continue;
    }
    slots.push(...packed);
    for (const slot of packed) unpack(slot, state, replacements);
  }
  const inputs = [...slots.map(({ input }) => input), ...graph.inputs.slice(state.length)];
  const outputs = [...slots.map(({ output }) => output), ...graph.outputs.slice(state.length)];
  const result = substitute({ inputs, outputs }, replacements, inputs);
  return { graph: result, slots: slots.map((slot, i) => ({ ...slot, output: result.outputs[i] })) };
}

/** Positions of the tensors of each parameter, in the order of the state. */
function byName(state: readonly StateTensor[]): number[][] {
  const names = new Map<string, number[]>();
  state.forEach(({ name }, i) => names.set(name, [...(names.get(name) ?? []), i]));
  return [...names.values()];
}

/** How a parameter's tensors are updated, as text: elementwise operations over its own tensors, down to anything else. */
function signature(tensors: readonly StateTensor[]): string {
  const shape = tensors[0].input.shape;
  const own = new Map(tensors.map(({ role, input }): [Node, string] => [input, role]));
  const memo = new Map<Node, string | undefined>();
  // Undefined: nothing of the state is reached by elementwise operations.
  const describe = (node: Node): string | undefined => {
    if (memo.has(node)) return memo.get(node);
    let text = own.get(node);
    if (text === undefined && isElementwise(node) && sameShape(node.shape, shape)) {
      const operands = node.inputs.map(describe);
      if (operands.some((operand) => operand !== undefined)) {
        text = `${node.op}${JSON.stringify(node.attrs)}(${operands.map((operand) => operand ?? '?').join()})`;
      }
    }
    memo.set(node, text);
    return text;
  };
  const alike = tensors.every(({ input, output }) => sameShape(input.shape, shape) && sameShape(output.shape, shape));
  return alike
    ? tensors.map(({ role, output, input }) => `${role}:${input.dtype}:${describe(output)}`).join(';')
    : `only ${tensors[0].name}`;
}

/** One vector per role for parameters that are updated alike. */
function packClass(members: readonly (readonly number[])[], state: readonly StateTensor[]): Slot[] | undefined {
  const shapes = members.map(([first]) => state[first].input.shape);
  const size = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const roles = members[0].map((_, role) => members.map((tensors) => tensors[role]));
  const vectors = roles.map((tensors): Node => {
    const { dtype } = state[tensors[0]].input;
    return { op: 'input', inputs: [], attrs: {}, shape: [size], dtype };
  });
  const packed: { readonly nodes: readonly Node[]; readonly vector: Node }[] = roles.map((tensors, role) => ({
    nodes: tensors.map((i) => state[i].input),
    vector: vectors[role],
  }));
  const known = new Map(packed.map((entry) => [entry.nodes[0], entry]));

  const pack = (nodes: readonly Node[]): Node => {
    const entry = known.get(nodes[0]);
    if (entry !== undefined && entry.nodes.every((node, i) => node === nodes[i])) return entry.vector;
    const vector = packAlike(nodes) ?? concat(nodes.map((node) => reshape(node, [sizeOf(node.shape)])), 0); // prettier-ignore
    known.set(nodes[0], { nodes, vector });
    return vector;
  };
  const packAlike = (nodes: readonly Node[]): Node | undefined => {
    const [first] = nodes;
    const attrs = JSON.stringify(first.attrs);
    const alike = nodes.every(
      (node, i) =>
        node.op === first.op &&
        node.inputs.length === first.inputs.length &&
        JSON.stringify(node.attrs) === attrs &&
        sameShape(node.shape, shapes[i]) &&
        isElementwise(node),
    );
    if (!alike) return undefined;
    const inputs: Node[] = [];
    for (let operand = 0; operand < first.inputs.length; operand += 1) {
      const column = nodes.map((node) => node.inputs[operand]);
      if (column.every((node) => node === column[0] && node.shape.length === 0)) inputs.push(column[0]);
      else if (column.every((node, i) => sameShape(node.shape, shapes[i]))) inputs.push(pack(column));
      else return undefined;
    }
    return { ...first, inputs, shape: [size] };
  };

  return roles.map((tensors, role) => ({
    members: tensors,
    input: vectors[role],
    output: pack(tensors.map((i) => state[i].output)),
  }));
}

/** Where the rest of the graph reads one tensor, it reads its part of the vector. */
function unpack({ members, input }: Slot, state: readonly StateTensor[], replacements: Map<Node, Node>): void {
  let begin = 0;
  for (const i of members) {
    const { shape } = state[i].input;
    replacements.set(state[i].input, reshape(slice(input, [begin], [sizeOf(shape)]), shape));
    begin += sizeOf(shape);
  }
}
