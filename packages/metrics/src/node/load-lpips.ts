import { lpipsModel, type LpipsModel } from '../lpips/lpips-model';
import { lpipsNets, type LpipsNet } from '../lpips/trunks';
import type { FetchOptions } from './fetch-weights';
import { publishedLpips } from './published-weights';
import { readWeights } from './read-weights';

/** Paths of, or sha256s for, trunk and heads; one text stands for one file with both. */
export type LpipsFiles = string | { readonly trunk?: string | undefined; readonly heads?: string | undefined };

/** Options of {@link loadLpips}. */
export interface LoadLpipsOptions extends FetchOptions {
  /** torchvision's file and LPIPS' heads (`.pth` or `.safetensors`), or one file with both; default the published ones, fetched once. */
  readonly weights?: LpipsFiles | undefined;
  /** The sha256 each file must have, or its beginning. */
  readonly sha256?: LpipsFiles | undefined;
}

/**
 * Loads an LPIPS model of version 0.1.
 *
 * @param net - `vgg16`, `alexnet` or `squeezenet`
 * @param options - `weights`, `sha256`, `cache`, `fetch`, `onProgress`
 * @returns weights in host memory; nothing to dispose
 * @throws RangeError for an unknown net
 * @throws OnestepError `bad-weight-file` if a file cannot be had, has another sha256, or is of another network
 * @example
 * const model = await loadLpips('vgg16', { weights: { trunk: 'vgg16-397923af.pth', heads: 'vgg.pth' } });
 * const distance = lpipsDistance(model);
 */
export async function loadLpips(net: LpipsNet, options: LoadLpipsOptions = {}): Promise<LpipsModel> {
  const { weights, sha256, ...fetching } = options;
  if (!lpipsNets.includes(net)) {
    throw new RangeError(`loadLpips: there is no net "${net as string}", only ${lpipsNets.join(', ')}.`);
  }
  const published = publishedLpips[net];
  // The classifiers are most of a published file and of no use here.
  const include = (name: string): boolean => !/(^|\.)classifier\./.test(name);
  const read = (part: 'trunk' | 'heads') =>
    readWeights(
      { path: partOf(weights, part), sha256: partOf(sha256, part), published: published[part], include },
      fetching,
    );
  const trunk = await read('trunk');
  if (typeof weights === 'string') return lpipsModel(net, { trunk: trunk.weights }, trunk.sha256);
  const heads = await read('heads');
  return lpipsModel(net, { trunk: trunk.weights, heads: heads.weights }, `${trunk.sha256}+${heads.sha256}`);
}

const partOf = (files: LpipsFiles | undefined, part: 'trunk' | 'heads'): string | undefined =>
  typeof files === 'string' ? files : files?.[part];
