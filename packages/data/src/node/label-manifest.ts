import { badData } from '../internal/checks';
import { maxClasses } from './limits';

/**
 * Reads the labels of an EDM-style `dataset.json`: `{"labels": [["00000/img00000000.png", 6], ...]}`, or
 * `{"labels": null}` for images without labels.
 *
 * @param text - the file
 * @param names - images of the dataset; each needs one label and each label an image
 * @param source - what errors call the file
 */
export function parseLabelManifest(
  text: string,
  names: readonly string[],
  source: string,
): { readonly labels: readonly number[]; readonly numClasses: number } {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw badData(`openDataset: ${source} is not JSON: ${(error as Error).message}.`, { source }, error);
  }
  const list = isRecord(manifest) ? (manifest.labels ?? null) : undefined;
  if (list === null) return { labels: [], numClasses: 0 };
  if (!Array.isArray(list)) {
    throw badData(`openDataset: ${source} must hold {"labels": [[name, label], ...]} or {"labels": null}.`, { source });
  }
  const known = new Map<string, number>();
  list.forEach((pair: unknown, i) => {
    const [name, label] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof name !== 'string' || !Number.isInteger(label) || Number(label) < 0 || Number(label) >= maxClasses) {
      throw badData(
        `openDataset: ${source}: labels[${i}] must be [name, integer in [0, ${maxClasses})], got ${brief(pair)}.`,
        { source, position: i },
      );
    }
    const key = name.replaceAll('\\', '/');
    if (known.has(key)) {
      throw badData(`openDataset: ${source}: labels[${i}] names ${brief(name)} a second time.`, {
        source,
        position: i,
      });
    }
    known.set(key, Number(label));
  });
  if (known.size !== names.length) {
    throw badData(`openDataset: ${source} has ${known.size} labels, expected ${names.length}, one for each image.`, {
      source,
      labels: known.size,
      images: names.length,
    });
  }
  const labels = names.map((name) => {
    const label = known.get(name);
    if (label === undefined) throw badData(`openDataset: ${source} has no label for ${name}.`, { source, name });
    return label;
  });
  return { labels, numClasses: labels.reduce((most, label) => Math.max(most, label + 1), 0) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const brief = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);
