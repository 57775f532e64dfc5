import type { OnnxNode } from '../onnx/model';

/**
 * Leaves out operators whose results nobody reads, such as a Reshape whose readers all start from what it reshaped. They
 * would not only run: an operator without readers is where ONNX Runtime begins to look for an order, so each would pull
 * everything it depends on to the front.
 *
 * @param nodes - operands before users
 * @param outputs - names of the model's outputs
 */
export function dropUnused(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const read = new Set(outputs);
  const kept: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => read.has(name))) continue;
    for (const name of node.inputs) read.add(name);
    kept.push(node);
  }
  return kept.reverse();
}
