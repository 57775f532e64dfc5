import type { HostTensor } from '../params/host-tensor';

/** Groups of host tensors by name, as a runner's state and frozen weights are given. */
export type HostGroups = Readonly<Record<string, Readonly<Record<string, HostTensor>>>>;

/** What a tensor is, without its elements. */
interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * Checks groups that are to take the place of others: each must be there and hold tensors of the same names, dtypes and
 * shapes, all of them.
 *
 * @param where - what the message starts with, for example `replace: state`
 * @param current - the groups that are there
 * @param next - those that come
 * @throws {@link RangeError} naming the group and the tensor that do not fit
 */
export function checkSameGroups(
  where: string,
  current: Readonly<Record<string, Readonly<Record<string, Described>>>>,
  next: HostGroups,
): void {
  for (const [group, tensors] of Object.entries(next)) {
    if (!Object.hasOwn(current, group)) {
      const known = Object.keys(current).join(', ');
      throw new RangeError(`${where}: there is no group "${group}", expected ${known === '' ? 'none' : known}.`);
    }
    const own = current[group];
    for (const name of new Set([...Object.keys(own), ...Object.keys(tensors)])) {
      if (!Object.hasOwn(tensors, name)) throw new RangeError(`${where}: "${group}"."${name}" is missing.`);
      if (!Object.hasOwn(own, name)) throw new RangeError(`${where}: there is no "${group}"."${name}".`);
      const [was, is] = [typeOf(own[name]), typeOf(tensors[name])];
      if (was !== is) throw new RangeError(`${where}: "${group}"."${name}" is ${is}, expected ${was}.`);
      const { data, shape } = tensors[name];
      const size = shape.reduce((product, extent) => product * extent, 1);
      if (data.length !== size) {
        throw new RangeError(`${where}: "${group}"."${name}" has ${data.length} elements, expected ${size}.`);
      }
    }
  }
}

const typeOf = ({ dtype, shape }: Described): string => `${dtype}[${shape.join(', ')}]`;
