import { readSafetensors, toTensor, tf, type HostTensor, type Tensor, type Tensor2D } from '@onestep/tensor';
import { readGoldenBytes, readGoldenJson } from '../../../../tools/workspace/golden';

export interface GoldenNetwork {
  readonly cfg: Record<string, unknown>;
  readonly openai_cfg?: Record<string, unknown>;
  readonly labels: readonly number[] | null;
  readonly parameter_count: number;
}

export function readGoldenNetwork(name: string): {
  readonly json: GoldenNetwork;
  readonly weights: Readonly<Record<string, HostTensor>>;
  readonly cases: Readonly<Record<string, HostTensor>>;
} {
  return {
    json: readGoldenJson<GoldenNetwork>(`networks/${name}.json`),
    weights: readGoldenTensors(`${name}.weights`),
    cases: readGoldenTensors(`${name}.cases`),
  };
}

/** Tensors of `networks/NAME.safetensors`. */
export function readGoldenTensors(name: string): Readonly<Record<string, HostTensor>> {
  return readSafetensors(readGoldenBytes(`networks/${name}.safetensors`)).tensors;
}

/** Uploads a channels-first image batch as NHWC. */
export function imagesOf(host: HostTensor): Tensor {
  return tf.tidy(() => tf.transpose(toTensor(host), [0, 2, 3, 1]));
}

/** One-hot rows made on the host; null: no labels. (`tf.oneHot` to float32 is wrong on wasm.) */
export function oneHot(labels: readonly number[] | null, numClasses: number): Tensor2D | undefined {
  if (labels === null) return undefined;
  return tf.tensor2d(labels.map((label) => Array.from({ length: numClasses }, (_, i) => Number(i === label))));
}

/** Largest absolute value. */
export function magnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i += 1) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

/** Largest |a - b| (`gap`), the largest |b|, and the gap over 1 + largest (`relative`). */
export function difference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { readonly gap: number; readonly largest: number; readonly relative: number } {
  const largest = magnitude(expected);
  let gap = actual.length === expected.length ? 0 : Infinity;
  for (let i = 0; i < expected.length; i += 1) {
    const error = Math.abs(actual[i] - expected[i]);
    // Written so that NaN counts.
    if (!(error <= gap)) gap = error;
  }
  return { gap, largest, relative: gap / (1 + largest) };
}
