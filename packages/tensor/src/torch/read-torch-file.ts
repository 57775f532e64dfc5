import type { HostTensor } from '../params/host-tensor';
import { ByteReader } from './byte-reader';
import { collectTensors } from './collect-tensors';
import { badTorchFile, maxElementsPerByte, printed } from './limits';
import { unpickle } from './pickle-machine';
import { decodeStorage, readTensor, storageKinds, type DecodedStorage, type TorchStorage } from './stored-tensor';
import { buildTorchObject, resolveTorchGlobal, storageFrom } from './torch-globals';
import { readStoredZip } from './zip-archive';

/** What `torch.save` wrote before version 1.6 begins with this number. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;

/** The objects of a file and where their elements lie. */
interface TorchContents {
  readonly root: unknown;
  readonly bytesOf: (storage: TorchStorage) => Uint8Array;
}

/**
 * Reads the tensors of a file that PyTorch wrote with `torch.save`, in the zip format (1.6 and later) or the one before.
 * The pickle inside is read as data, by an allow-list of the few names that weights need: nothing in the file is executed.
 *
 * @param bytes - the whole file
 * @param options - `include`: tells by name which tensors are wanted, the others are not decoded; default all
 * @returns tensors by the keys that lead to them, joined by dots (`state_dict.conv.weight`), sorted; row-major whatever the
 * strides were. float64, float16 and bfloat16 become float32; int64 (if every value fits), int16, int8, uint8 and bool
 * become int32. Values that are not tensors are left out.
 * @throws {@link OnestepError} `bad-weight-file` for anything else: other names, numbers that point outside the file, sizes
 * that do not fit each other, nesting without end, a file cut short
 * @remarks Not read: whole modules, TorchScript, sparse, quantised and complex tensors, archives of 4 GiB and more. Checksums
 * inside archives are not compared; compare the file's sha256.
 */
export function readTorchFile(
  bytes: Uint8Array,
  { include = () => true }: { readonly include?: ((name: string) => boolean) | undefined } = {},
): Record<string, HostTensor> {
  const { root, bytesOf } = open(bytes);
  const tensors = [...collectTensors(root)].filter(([name]) => include(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const total = tensors.reduce((sum, [, { size }]) => sum + size, 0);
  if (total > maxElementsPerByte * bytes.length) {
    throw badTorchFile(`its tensors have ${total} elements in all, far more than its ${bytes.length} bytes can hold`);
  }
  const decoded = new Map<string, DecodedStorage>();
  const record: Record<string, HostTensor> = {};
  for (const [name, tensor] of tensors) {
    const { storage } = tensor;
    const key = `${storage.kind}:${storage.count}:${storage.key}`;
    const values = decoded.get(key) ?? decodeStorage(storage, bytesOf(storage));
    decoded.set(key, values);
    record[name] = readTensor(tensor, values);
  }
  return record;
}

function open(bytes: Uint8Array): TorchContents {
  if (bytes.length < 4) throw badTorchFile(`the file has ${bytes.length} bytes`);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return openArchive(bytes);
  if (bytes[0] === 0x80) return openLegacy(bytes);
  throw badTorchFile(
    `it begins with the bytes ${Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}, not like a file of torch.save`,
  );
}

function openArchive(bytes: Uint8Array): TorchContents {
  const files = readStoredZip(bytes);
  // All names begin with that of the archive when it was written.
  const pickles = [...files.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw badTorchFile(`the archive holds ${pickles.length} files data.pkl, expected one; it is not one of torch.save`);
  }
  const fileOf = (name: string): Uint8Array | undefined => {
    const file = files.get(name);
    if (file === undefined && files.has(name)) {
      throw badTorchFile(`${printed(name)} is compressed or encrypted; torch.save stores files as they are`);
    }
    return file;
  };
  const folder = pickles[0].slice(0, -'data.pkl'.length);
  const order = fileOf(`${folder}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order.subarray(0, 16)).trim() !== 'little') {
    throw badTorchFile('its numbers are written with the largest byte first, which is not read');
  }
  const root = unpickle(new ByteReader(fileOf(pickles[0]) ?? new Uint8Array()), {
    resolve: resolveTorchGlobal,
    persistent: storageFrom,
    build: buildTorchObject,
  });
  const bytesOf = ({ key }: TorchStorage): Uint8Array => {
    const file = fileOf(`${folder}data/${key}`);
    if (file === undefined) throw badTorchFile(`the archive has no file for storage ${key.slice(0, 32)}`);
    return file;
  };
  return { root, bytesOf };
}

/** Five pickles one after another (magic number, version, system, objects, keys of storages), then the storages. */
function openLegacy(bytes: Uint8Array): TorchContents {
  const reader = new ByteReader(bytes);
  const kinds = new Map<string, TorchStorage>();
  const nothing = {
    resolve: resolveTorchGlobal,
    build: buildTorchObject,
    persistent: (): never => {
      throw badTorchFile('a pickle before the objects refers to a storage');
    },
  };
  const magic = unpickle(reader, nothing);
  if (magic !== legacyMagic) throw badTorchFile('it is a pickle, but not one of torch.save');
  const protocol = unpickle(reader, nothing);
  if (protocol !== legacyProtocol) throw badTorchFile(`it has protocol version ${String(protocol)}, expected ${legacyProtocol}`); // prettier-ignore
  const system = unpickle(reader, nothing);
  if (system instanceof Map && system.get('little_endian') === false) {
    throw badTorchFile('its numbers are written with the largest byte first, which is not read');
  }
  const root = unpickle(reader, {
    resolve: resolveTorchGlobal,
    build: buildTorchObject,
    persistent: (id) => {
      const storage = storageFrom(id);
      const known = kinds.get(storage.key);
      if (known !== undefined && (known.kind !== storage.kind || known.count !== storage.count)) {
        throw badTorchFile(`storage ${storage.key.slice(0, 32)} is described in two ways`);
      }
      kinds.set(storage.key, storage);
      return storage;
    },
  });
  const keys = unpickle(reader, nothing);
  if (!Array.isArray(keys)) throw badTorchFile('the list of its storages is missing');
  const spans = new Map<string, Uint8Array>();
  for (const key of keys as readonly unknown[]) {
    const storage = typeof key === 'string' ? kinds.get(key) : undefined;
    if (storage === undefined || spans.has(storage.key)) {
      throw badTorchFile('it lists a storage that no tensor uses, or one twice');
    }
    const count = reader.uint64();
    if (count !== storage.count) throw badTorchFile(`storage ${storage.key.slice(0, 32)} should have ${storage.count} elements, it has ${count}`); // prettier-ignore
    spans.set(storage.key, reader.take(count * storageKinds[storage.kind]));
  }
  const bytesOf = ({ key }: TorchStorage): Uint8Array => {
    const span = spans.get(key);
    if (span === undefined) throw badTorchFile(`it has no data for storage ${key.slice(0, 32)}`);
    return span;
  };
  return { root, bytesOf };
}
