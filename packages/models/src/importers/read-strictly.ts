import { nearestName, OnestepError, type HostTensor } from '@onestep/tensor';
import type { ParamSpec } from '../params/param-spec';
import { fromChannelsFirst } from './layout';

/** Tensors of a weight file in host memory. */
export type HostParams = Readonly<Record<string, HostTensor>>;

/** Where one parameter comes from: file tensors that lie one after another along their first axis. */
export interface ParamSource {
  readonly spec: ParamSpec;
  readonly parts: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

const maxListed = 5;
const maxCompared = 500;

/**
 * Takes exactly the named tensors out of a file and brings them to our layout.
 *
 * @throws {@link OnestepError} `invalid-model` if a tensor is missing, unexpected or of another shape; all of them are in
 *   `details.missing`, `details.unexpected` and `details.misshapen`, the first few in the message
 */
export function readStrictly(where: string, tensors: HostParams, sources: readonly ParamSource[]): HostParams {
  const given = new Map(Object.entries(tensors));
  const wanted = new Set(sources.flatMap(({ parts }) => parts.map(({ name }) => name)));
  const missing = [...wanted].filter((name) => !given.has(name));
  const unexpected = [...given.keys()].filter((name) => !wanted.has(name));
  const misshapen: string[] = [];
  const found: [string, HostTensor][] = [];

  for (const { spec, parts } of sources) {
    const pieces: HostTensor[] = [];
    for (const { name, shape } of parts) {
      const tensor = given.get(name);
      if (tensor === undefined) continue;
      if (sameShape(tensor.shape, shape)) pieces.push(tensor);
      else misshapen.push(`"${name}" has shape [${tensor.shape.join(', ')}], the network needs [${shape.join(', ')}]`);
    }
    if (pieces.length === parts.length) found.push([spec.name, fromChannelsFirst(spec, concatenate(pieces))]);
  }

  if (missing.length + unexpected.length + misshapen.length > 0) {
    const sentences = [
      list('shapes differ', misshapen),
      list(
        'the file lacks',
        missing.map((name) => `"${name}"`),
      ),
      list(
        'the network does not have',
        unexpected.map((name, i) => (i < maxListed ? withHint(name, missing) : name)),
      ),
    ].filter((sentence) => sentence !== undefined);
    throw new OnestepError(
      'invalid-model',
      `${where}: ${sentences.join('; ')}. Use the config that the file was made with, or another file.`,
      { details: { missing, unexpected, misshapen } },
    );
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The name, and the missing one that it probably is. */
function withHint(name: string, missing: readonly string[]): string {
  const near = nearestName(name, missing.slice(0, maxCompared));
  return near === undefined ? `"${name}"` : `"${name}" (Did you mean "${near}"?)`;
}

function list(title: string, items: readonly string[]): string | undefined {
  if (items.length === 0) return undefined;
  const rest = items.length > maxListed ? ` and ${items.length - maxListed} more` : '';
  return `${title}: ${items.slice(0, maxListed).join(', ')}${rest}`;
}

/** Equal up to trailing ones: 1 x 1 convolutions are stored with none, one or two of them. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  const length = Math.max(a.length, b.length);
  return a.length >= b.length && Array.from({ length }, (_, i) => a[i] === (b[i] ?? 1)).every(Boolean);
}

function concatenate(pieces: readonly HostTensor[]): HostTensor['data'] {
  if (pieces.length === 1) return pieces[0].data;
  const joined = new Float32Array(pieces.reduce((sum, { data }) => sum + data.length, 0));
  let offset = 0;
  for (const { data } of pieces) {
    joined.set(data, offset);
    offset += data.length;
  }
  return joined;
}
