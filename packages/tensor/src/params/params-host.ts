import { toHost, toTensor, type HostTensor } from './host-tensor';
import { mapParams, paramNames, type Params } from './params';

/** Uploads every tensor of a record to the current backend; the caller disposes the result with `disposeParams`. */
export function paramsFromHost(record: Readonly<Record<string, HostTensor>>): Params {
  return mapParams(record, toTensor);
}

/** Downloads every tensor of a record, names in canonical order; the data are copies. */
export async function paramsToHost(params: Params): Promise<Record<string, HostTensor>> {
  const record: Record<string, HostTensor> = {};
  for (const name of paramNames(params)) record[name] = await toHost(params[name]);
  return record;
}
