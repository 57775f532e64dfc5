/** What the names of the objective's own parameters begin with, among all that are trained. */
export const auxiliaryPrefix = 'auxiliary.';

type Named<T> = Readonly<Record<string, T>>;

/**
 * Everything one optimizer trains, in one record: the network's parameters under their own names, what the objective learns
 * beside them as `auxiliary.NAME`.
 */
export function joinTrainables<T>(network: Named<T>, auxiliary: Named<T> = {}): Record<string, T> {
  const joined: Record<string, T> = { ...network };
  for (const [name, value] of Object.entries(auxiliary)) joined[auxiliaryPrefix + name] = value;
  return joined;
}

/** Inverse of {@link joinTrainables}. */
export function splitTrainables<T>(joined: Named<T>): {
  readonly network: Record<string, T>;
  readonly auxiliary: Record<string, T>;
} {
  const network: Record<string, T> = {};
  const auxiliary: Record<string, T> = {};
  for (const [name, value] of Object.entries(joined)) {
    if (name.startsWith(auxiliaryPrefix)) auxiliary[name.slice(auxiliaryPrefix.length)] = value;
    else network[name] = value;
  }
  return { network, auxiliary };
}
