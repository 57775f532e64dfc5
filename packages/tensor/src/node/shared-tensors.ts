import type { HostTensor } from '../params/host-tensor';
import type { HostGroups } from '../step/check-groups';

/** Where a tensor lies in shared memory. */
interface Place {
  readonly group: string;
  readonly name: string;
  readonly dtype: HostTensor['dtype'];
  readonly shape: readonly number[];
  /** In elements of four bytes. */
  readonly offset: number;
  readonly length: number;
}

/** Groups of tensors in memory that threads share; can be sent to a worker as it is. */
export interface SharedTensors {
  readonly buffer: SharedArrayBuffer;
  readonly places: readonly Place[];
}

/** Makes room for groups, and copies them there. */
export function shareTensors(groups: HostGroups): SharedTensors {
  const places: Place[] = [];
  let offset = 0;
  for (const [group, tensors] of Object.entries(groups)) {
    for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
      places.push({ group, name, dtype, shape, offset, length: data.length });
      offset += data.length;
    }
  }
  const shared = { buffer: new SharedArrayBuffer(offset * 4), places };
  writeShared(shared, groups);
  return shared;
}

/** Copies values into their places; what is not named stays. */
export function writeShared({ buffer, places }: SharedTensors, groups: HostGroups): void {
  for (const place of places) {
    const tensor = groups[place.group]?.[place.name] as HostTensor | undefined;
    if (tensor !== undefined) viewOf(buffer, place).set(tensor.data);
  }
}

/**
 * A private copy of what lies in shared memory, which engines can take (few take shared memory itself), with the way to
 * refresh it.
 */
export function copyOfShared({ buffer, places }: SharedTensors): {
  readonly groups: HostGroups;
  readonly refresh: () => void;
} {
  const own = new ArrayBuffer(buffer.byteLength);
  const groups: Record<string, Record<string, HostTensor>> = {};
  for (const place of places) {
    const { group, name, dtype, shape } = place;
    (groups[group] ??= {})[name] = { dtype, shape, data: viewOf(own, place) };
  }
  const refresh = (): void => new Uint8Array(own).set(new Uint8Array(buffer));
  refresh();
  return { groups, refresh };
}

function viewOf(buffer: ArrayBufferLike, { dtype, offset, length }: Place): HostTensor['data'] {
  // The element type does not matter to those who copy; engines get ordinary memory.
  const memory = buffer as ArrayBuffer;
  return dtype === 'int32' ? new Int32Array(memory, offset * 4, length) : new Float32Array(memory, offset * 4, length);
}
