import { OnestepError, readSafetensors, writeSafetensors, type HostTensor } from '@onestep/tensor';
import { MomentStatistics } from '../statistics/moment-statistics';
import { FeatureSet, type FeaturePlan } from './feature-set';
import type { ImageRange } from './feature-set';

const format = 'onestep-features-1';

/** Features read from a file. */
export interface StoredFeatures {
  readonly features: FeatureSet;
  /** What the file says of their making. */
  readonly about: Readonly<Record<string, string>>;
}

/**
 * Writes the features of a part of the images as one safetensors file, to be merged with those of the other parts.
 *
 * @param features - from `collectFeatures`
 * @param about - strings by name; `format`, `plan`, `ranges` and `sums` are taken
 */
export function encodeFeatures(features: FeatureSet, about: Readonly<Record<string, string>> = {}): Uint8Array {
  const { plan, ranges } = features;
  const tensors: Record<string, HostTensor> = {};
  const sums: Record<string, { range: number; bits: number; counts: number[] }> = {};
  for (const output of Object.keys(plan.moments)) {
    const blocks = (features.blocksOf(output) ?? []).map((block) => block.sums());
    sums[output] = {
      range: blocks[0].range,
      bits: blocks[0].bits ?? 32,
      counts: blocks.map(({ count }) => count),
    };
    for (const part of ['sum', 'outerHigh', 'outerLow'] as const) {
      tensors[`moments.${output}.${part}`] = toWords(blocks.map((block) => block[part]));
    }
  }
  for (const [output, width] of Object.entries(plan.rows)) {
    const { images, data } = features.rowsOf(output)?.rows() ?? { images: [], data: new Float32Array(0) };
    tensors[`rows.${output}`] = { dtype: 'float32', shape: [images.length, width], data };
    tensors[`images.${output}`] = { dtype: 'int32', shape: [images.length], data: Int32Array.from(images) };
  }
  return writeSafetensors(tensors, {
    ...about,
    format,
    plan: JSON.stringify(plan),
    ranges: JSON.stringify(ranges),
    sums: JSON.stringify(sums),
  });
}

/**
 * Reads what {@link encodeFeatures} wrote.
 *
 * @param name - of the file, for messages
 * @throws OnestepError `bad-data-file` if it is something else, or damaged
 */
export function decodeFeatures(bytes: Uint8Array, name = 'the file'): StoredFeatures {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format: found, plan: planText, ranges: rangesText, sums: sumsText, ...about } = metadata;
  if (found !== format) throw bad(name, `holds no features of a shard: its format is ${found ?? 'not given'}`);
  try {
    const plan = checkPlan(JSON.parse(planText));
    const ranges = (JSON.parse(rangesText) as readonly ImageRange[]).map(({ from, to }) => ({ from, to }));
    const sums = JSON.parse(sumsText) as Readonly<
      Record<string, { readonly range: number; readonly bits: number; readonly counts: readonly number[] }>
    >;
    const blocks = new Map<string, readonly MomentStatistics[]>();
    for (const [output, dimension] of Object.entries(plan.moments)) {
      const { counts, range, bits } = sums[output];
      const part = (key: string, size: number): readonly Float64Array[] =>
        toDoubles(tensors[`moments.${output}.${key}`], plan.blocks, size);
      const pairs = (dimension * (dimension + 1)) / 2;
      const [sum, high, low] = [part('sum', dimension), part('outerHigh', pairs), part('outerLow', pairs)];
      const parts = Array.from({ length: plan.blocks }, (_, k) =>
        MomentStatistics.fromSums({
          count: counts[k],
          dimension,
          range,
          bits,
          sum: sum[k],
          outerHigh: high[k],
          outerLow: low[k],
        }),
      );
      blocks.set(output, parts);
    }
    const rows = new Map(
      Object.entries(plan.rows).map(([output, width]) => [output, rowsOf(tensors, output, width)] as const),
    );
    return { features: FeatureSet.from(plan, { ranges, blocks, rows }), about };
  } catch (cause) {
    if (cause instanceof OnestepError) throw cause;
    throw bad(name, `is damaged: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function rowsOf(
  tensors: Readonly<Record<string, HostTensor>>,
  output: string,
  width: number,
): { readonly images: readonly number[]; readonly data: Float32Array } {
  const rows = tensors[`rows.${output}`];
  const images = tensors[`images.${output}`];
  if (rows?.dtype !== 'float32' || images?.dtype !== 'int32' || rows.shape.join() !== `${images.shape[0]},${width}`) {
    throw new TypeError(`the rows of ${output} are missing or have another shape`);
  }
  return { images: Array.from(images.data), data: rows.data as Float32Array };
}

function checkPlan(plan: unknown): FeaturePlan {
  const { network, moments, rows, blocks, maxRows, seed } = (plan ?? {}) as Readonly<Record<string, unknown>>;
  const isWidths = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((width) => Number.isInteger(width) && Number(width) >= 1 && Number(width) <= 8192);
  const isCount = (value: unknown, high: number): boolean =>
    Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= high;
  const { name, sha256, preprocessing } = (network ?? {}) as Readonly<Record<string, unknown>>;
  if (
    [name, sha256, preprocessing].some((value) => typeof value !== 'string') ||
    !isWidths(moments) ||
    !isWidths(rows) ||
    !isCount(blocks, 1000) ||
    !isCount(maxRows, 2 ** 31) ||
    !Number.isSafeInteger(seed)
  ) {
    throw new TypeError('the plan is incomplete');
  }
  return plan as FeaturePlan;
}

/** Doubles bit by bit, as pairs of int32, low word first. */
function toWords(parts: readonly Float64Array[]): HostTensor {
  const size = parts[0].length;
  const all = new Float64Array(parts.length * size);
  parts.forEach((part, k) => all.set(part, k * size));
  return { dtype: 'int32', shape: [parts.length, size, 2], data: new Int32Array(all.buffer) };
}

function toDoubles(tensor: HostTensor | undefined, count: number, size: number): readonly Float64Array[] {
  if (tensor?.dtype !== 'int32' || tensor.shape.join() !== `${count},${size},2`) {
    throw new TypeError('sums are missing or have another shape');
  }
  const all = new Float64Array(Int32Array.from(tensor.data).buffer);
  return Array.from({ length: count }, (_, k) => all.slice(k * size, (k + 1) * size));
}

function bad(name: string, what: string, cause?: unknown): OnestepError {
  return new OnestepError('bad-data-file', `decodeFeatures: ${name} ${what}.`, { details: { name }, cause });
}
