import { OnestepError, readSafetensors, writeSafetensors, type HostTensor } from '@onestep/tensor';
import { MomentStatistics } from './moment-statistics';

const format = 'onestep-moments-1';
const defaultBits = 32;

/** Statistics read from a file. */
export interface StoredMoments {
  readonly statistics: MomentStatistics;
  /** What the file says about them: where they come from, the feature network. */
  readonly about: Readonly<Record<string, string>>;
}

/**
 * Writes statistics as one safetensors file; equal statistics give equal bytes.
 *
 * The doubles of `sum [d, 2]`, `outer.high` and `outer.low [d (d + 1) / 2, 2]` are stored bit by bit, as pairs of int32
 * (low word first).
 *
 * @param statistics - what to store
 * @param about - strings by name, for example `id` and `features`; names `format`, `count`, `dimension`,
 *   `range` and `bits` are taken
 */
export function encodeMoments(statistics: MomentStatistics, about: Readonly<Record<string, string>> = {}): Uint8Array {
  const { count, dimension, range, bits, sum, outerHigh, outerLow } = statistics.sums();
  const numbers = { count: String(count), dimension: String(dimension), range: String(range) };
  // Files from before there was a choice have no bits, and stay as they are.
  const own = { format, ...numbers, ...(bits === defaultBits ? {} : { bits: String(bits) }) };
  const taken = Object.keys(about).find((key) => key === 'bits' || Object.hasOwn(own, key));
  if (taken !== undefined) throw new TypeError(`encodeMoments: the name "${taken}" is taken by the format.`);
  return writeSafetensors(
    { sum: toWords(sum), 'outer.high': toWords(outerHigh), 'outer.low': toWords(outerLow) },
    { ...about, ...own },
  );
}

/**
 * Reads what {@link encodeMoments} wrote.
 *
 * @throws OnestepError `bad-weight-file` if it is something else, or damaged
 */
export function decodeMoments(bytes: Uint8Array): StoredMoments {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format: found, count, dimension, range, bits, ...about } = metadata;
  if (found !== format) {
    throw new OnestepError('bad-weight-file', `decodeMoments: the format is ${found}, expected ${format}.`);
  }
  try {
    const statistics = MomentStatistics.fromSums({
      count: Number(count),
      dimension: Number(dimension),
      range: Number(range),
      bits: bits === undefined ? defaultBits : Number(bits),
      sum: toDoubles(tensors.sum),
      outerHigh: toDoubles(tensors['outer.high']),
      outerLow: toDoubles(tensors['outer.low']),
    });
    return { statistics, about };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OnestepError('bad-weight-file', `decodeMoments: ${reason}`, { cause });
  }
}

function toWords(values: Float64Array): HostTensor {
  return { dtype: 'int32', shape: [values.length, 2], data: new Int32Array(values.slice().buffer) };
}

function toDoubles(tensor: HostTensor | undefined): Float64Array {
  if (tensor === undefined || tensor.dtype !== 'int32' || tensor.shape.length !== 2 || tensor.shape[1] !== 2) {
    throw new TypeError('a tensor of doubles is missing, or is not int32 [N, 2].');
  }
  return new Float64Array(tensor.data.slice().buffer);
}
