import { badTorchFile, printed } from './limits';
import { PickleTuple, type PickleGlobal } from './pickle-machine';
import { storageKinds, TorchStorage, TorchTensor, type StorageKind } from './stored-tensor';

/** A storage class by name. */
class StorageClass implements PickleGlobal {
  readonly global: string;
  constructor(readonly kind: StorageKind) {
    this.global = `torch.${kind}`;
  }
}

const wrong = (name: string, args: readonly unknown[]): Error =>
  badTorchFile(`the pickle calls ${name} with arguments it does not take (${args.length} of them)`);

function integers(value: unknown): readonly number[] | undefined {
  const items = value instanceof PickleTuple ? value.items : value;
  return Array.isArray(items) && items.every((item) => typeof item === 'number') ? items : undefined;
}

/** A window into a storage; what follows the strides (gradients, hooks) is not weights. */
function rebuildTensor(args: readonly unknown[]): TorchTensor {
  const [storage, offset, size, stride] = args;
  const [shape, strides] = [integers(size), integers(stride)];
  if (
    !(storage instanceof TorchStorage) ||
    typeof offset !== 'number' ||
    shape === undefined ||
    strides === undefined
  ) {
    throw wrong('torch._utils._rebuild_tensor_v2', args);
  }
  return new TorchTensor(storage, offset, shape, strides);
}

function rebuildParameter(args: readonly unknown[]): TorchTensor {
  const [data] = args;
  if (!(data instanceof TorchTensor)) throw wrong('torch._utils._rebuild_parameter', args);
  return data;
}

/** A tensor with attributes of its own, which are not read. */
function rebuildFromType(args: readonly unknown[]): unknown {
  const [make, , inner] = args as [PickleGlobal | undefined, unknown, unknown];
  if (make?.call !== rebuildTensor || !(inner instanceof PickleTuple)) throw wrong('torch._tensor._rebuild_from_type_v2', args); // prettier-ignore
  return rebuildTensor(inner.items);
}

/** A parameter as early versions wrote it: made empty, its tensor set afterwards. */
export class EmptyParameter {
  tensor: TorchTensor | undefined;
}

function parameter(args: readonly unknown[]): TorchTensor | EmptyParameter {
  return args.length === 0 ? new EmptyParameter() : rebuildParameter(args);
}

/** Sets the state of an object; only an empty parameter has one that matters. */
export function buildTorchObject(target: unknown, state: unknown): void {
  if (!(target instanceof EmptyParameter)) return;
  const data = state instanceof PickleTuple ? state.items[0] : undefined;
  if (!(data instanceof TorchTensor)) throw badTorchFile('a parameter of an early version has no tensor');
  target.tensor = data;
}

function orderedDict(args: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  if (args.length === 0) return map;
  const [pairs] = args;
  if (args.length > 1 || !Array.isArray(pairs)) throw wrong('collections.OrderedDict', args);
  for (const pair of pairs as readonly unknown[]) {
    const items = pair instanceof PickleTuple ? pair.items : pair;
    if (!Array.isArray(items) || items.length !== 2) throw wrong('collections.OrderedDict', args);
    map.set(items[0], items[1]);
  }
  return map;
}

/** The list of names that files of weights use. Nothing else is resolved, and none of these runs code of the file's. */
const known = new Map<string, PickleGlobal>(
  [
    { global: 'collections.OrderedDict', call: orderedDict },
    { global: 'torch._utils._rebuild_tensor', call: rebuildTensor },
    { global: 'torch._utils._rebuild_tensor_v2', call: rebuildTensor },
    { global: 'torch._utils._rebuild_parameter', call: rebuildParameter },
    { global: 'torch._tensor._rebuild_from_type_v2', call: rebuildFromType },
    { global: 'torch.Size', call: ([items]: readonly unknown[]): unknown => items },
    { global: 'torch.nn.parameter.Parameter', call: parameter },
    // A type that is named and never called.
    { global: 'torch.Tensor' },
    ...(Object.keys(storageKinds) as StorageKind[]).map((kind) => new StorageClass(kind)),
  ].map((entry): [string, PickleGlobal] => [entry.global, entry]),
);

/**
 * Finds a name on the allow-list.
 *
 * @throws OnestepError `bad-weight-file` for every other name: a file of weights has no business with it
 */
export function resolveTorchGlobal(module: string, name: string): PickleGlobal {
  const found = known.get(`${module}.${name}`);
  if (found !== undefined) return found;
  const global = printed(`${module}.${name}`);
  if (module.startsWith('__torch__')) {
    throw badTorchFile(
      `it is a TorchScript program (it names ${global}), not a file of weights. Save its state_dict instead`,
    );
  }
  throw badTorchFile(
    `the pickle refers to ${global}, which is not data. Files are read, never executed; save the state_dict alone, or convert the file to safetensors`,
    { global },
  );
}

/** A storage as `torch.save` refers to it: its class, key, device and number of elements, for a slice of another one also where. */
export function storageFrom(id: unknown): TorchStorage {
  const items = id instanceof PickleTuple ? id.items : [];
  const [tag, type, key, , count, view] = items;
  if (tag === 'module') {
    throw badTorchFile('it holds a whole module with its source code. Save its state_dict instead');
  }
  if (tag !== 'storage' || typeof count !== 'number') {
    throw badTorchFile('the pickle refers to an object outside it that is no storage');
  }
  if (!(type instanceof StorageClass)) throw badTorchFile('the pickle refers to a storage of an unknown type');
  if (typeof key !== 'string') throw badTorchFile(`the pickle names a storage with ${printed(key)}`);
  // Early versions wrote a slice of a storage as its whole and where the slice lies.
  const [, start, length] = view instanceof PickleTuple ? view.items : [];
  if (typeof start === 'number' && typeof length === 'number')
    return new TorchStorage(type.kind, key, count, start, length);
  return new TorchStorage(type.kind, key, count);
}
