import { maxTensors, nameProblem } from '../safetensors/format';
import { badTorchFile, maxNesting, maxVisited, printed } from './limits';
import { PickleTuple } from './pickle-machine';
import { TorchTensor } from './stored-tensor';
import { EmptyParameter } from './torch-globals';

/**
 * Finds the tensors in nested dictionaries, lists and tuples; their names are the keys on the way, joined by dots. Numbers,
 * text and what else training leaves in a file is passed over.
 *
 * @throws OnestepError `bad-weight-file` for nesting without end, too many values, and names that cannot be told apart
 */
export function collectTensors(root: unknown): Map<string, TorchTensor> {
  const found = new Map<string, TorchTensor>();
  let visited = 0;
  const visit = (value: unknown, path: readonly string[]): void => {
    visited += 1;
    if (visited > maxVisited) throw badTorchFile(`it nests more than ${maxVisited} values`);
    if (value instanceof TorchTensor) add(path.join('.'), value);
    else if (value instanceof EmptyParameter) visit(value.tensor, path);
    else if (value instanceof Map) {
      for (const [key, entry] of value) visitEntry(entry, path, key);
    } else if (Array.isArray(value) || value instanceof PickleTuple) {
      const items = value instanceof PickleTuple ? value.items : (value as readonly unknown[]);
      items.forEach((item, i) => visitEntry(item, path, i));
    }
  };
  const visitEntry = (value: unknown, path: readonly string[], key: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      visited += 1;
      return;
    }
    if (path.length >= maxNesting) throw badTorchFile(`values are nested more than ${maxNesting} deep`);
    if (typeof key !== 'string' && typeof key !== 'number') return;
    visit(value, [...path, String(key)]);
  };
  const add = (name: string, tensor: TorchTensor): void => {
    const problem = nameProblem(name);
    if (problem !== undefined) throw badTorchFile(problem);
    if (found.has(name)) throw badTorchFile(`two tensors have the name ${printed(name)}`);
    if (found.size >= maxTensors) throw badTorchFile(`it holds more than ${maxTensors} tensors`);
    found.set(name, tensor);
  };
  if (root instanceof TorchTensor) add('tensor', root);
  else visit(root, []);
  return found;
}
