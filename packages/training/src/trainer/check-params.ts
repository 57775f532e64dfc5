import { OnestepError } from '@onestep/tensor';

type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * Throws unless a record has exactly the names and shapes that a network declares.
 *
 * @param where - who asks, and for what: the beginning of the message
 * @throws {@link OnestepError} `invalid-model` naming the first parameter that is missing, unknown or of another shape
 */
export function checkParams(
  where: string,
  params: Readonly<Record<string, { readonly shape: readonly number[] }>>,
  expected: Shapes,
): void {
  for (const [name, shape] of Object.entries(expected)) {
    if (!Object.hasOwn(params, name)) fail(`${where}: parameter "${name}" is missing.`, { name });
    const got = params[name].shape;
    if (got.length !== shape.length || got.some((length, i) => length !== shape[i])) {
      fail(`${where}: "${name}" has shape [${got.join(', ')}], the network needs [${shape.join(', ')}].`, { name });
    }
  }
  for (const name of Object.keys(params)) {
    if (!Object.hasOwn(expected, name)) fail(`${where}: the network has no parameter "${name}".`, { name });
  }
}

function fail(message: string, details: Readonly<Record<string, unknown>>): never {
  throw new OnestepError('invalid-model', `${message} The weights were made for another network.`, { details });
}
