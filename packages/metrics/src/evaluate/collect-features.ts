import { tf, toTensor, type Params, type Tensor } from '@onestep/tensor';
import type { FeatureNetwork } from '../features/feature-network';
import { byteBatches, type EvaluationSource } from './byte-batches';
import { FeatureSet, outputsFor } from './feature-set';
import { checkMetrics, type EvaluationMetric } from './metric-names';

/** A function of weights and images made to run faster; `compile` of `@onestep/compile` makes such functions. */
export type CompileNetwork = (
  evaluate: FeatureNetwork['evaluate'],
  example: [params: Params, pixels: Tensor],
  options: { readonly constants: readonly number[] },
) => Promise<
  ((params: Params, pixels: Tensor) => Promise<Readonly<Record<string, Tensor>>>) & { dispose(): Promise<void> }
>;

/** How features are computed and what is kept of them. */
export interface CollectOptions {
  readonly network: FeatureNetwork;
  /** What they are for. */
  readonly metrics: readonly EvaluationMetric[];
  /** Which side of the comparison the images are; default `images`, those to be scored. */
  readonly side?: 'images' | 'reference' | undefined;
  /** Number of the first image in its set, for shards; default 0. */
  readonly first?: number | undefined;
  /** Images through the network at once, integer in [1, 4096]; default 250. Shards must begin at multiples of it. */
  readonly batchSize?: number | undefined;
  /** Integer in [0, 2^53); default 0: of the choice of rows. */
  readonly seed?: number | undefined;
  /** Feature rows that are kept at most, integer >= 1; default 65,536. */
  readonly maxRows?: number | undefined;
  /** Blocks for bootstrap intervals, integer in [1, 1000]; default 20 for features up to 256 wide, else 1: no interval. */
  readonly blocks?: number | undefined;
  /** `compile` of `@onestep/compile`, to run the network as one graph; default: op by op on the current backend. */
  readonly compile?: CompileNetwork | undefined;
  /** Called after each batch with the images done by this call. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Computes the features of images once, and keeps what the metrics need.
 *
 * @param images - `[N, H, W, C]`: float32 in [-1, 1], or bytes
 * @returns the features; those of shards merge
 * @throws {@link RangeError} for images of another shape, metrics that the network cannot serve, or an option out of range
 * @throws OnestepError `non-finite` for an image with NaN
 * @remarks Every batch has the same size and place in its set, so an image has the same features however the set is cut
 * at multiples of `batchSize`.
 */
export async function collectFeatures(images: EvaluationSource, options: CollectOptions): Promise<FeatureSet> {
  const { network, metrics, side = 'images', first = 0, batchSize = 250, compile, onProgress } = options;
  const { seed = 0, maxRows = 65_536 } = options;
  checkMetrics(metrics, network);
  checkWhole('batchSize', batchSize, 1, 4096);
  checkWhole('maxRows', maxRows, 1, 2 ** 31);
  checkWhole('first', first, 0, Number.MAX_SAFE_INTEGER);
  if (first % batchSize !== 0) {
    throw new RangeError(`evaluate: first must be a multiple of batchSize ${batchSize}, got ${first}.`);
  }
  const kept = outputsFor(metrics, side, network.outputs);
  const widest = Math.max(0, ...Object.values(kept.moments));
  const { blocks = side === 'images' && widest > 0 && widest <= 256 ? 20 : 1 } = options;
  checkWhole('blocks', blocks, 1, 1000);
  const { name, sha256, preprocessing } = network;
  const set = new FeatureSet({ network: { name, sha256, preprocessing }, ...kept, blocks, maxRows, seed });
  const wanted = [...new Set([...Object.keys(kept.moments), ...Object.keys(kept.rows)])];
  let compiled: Awaited<ReturnType<CompileNetwork>> | undefined;
  let done = 0;
  try {
    for await (const { pixels, count } of byteBatches(images, {
      size: batchSize,
      channels: network.channels,
      network: name,
    })) {
      const input = toTensor(pixels);
      try {
        if (compile !== undefined) {
          compiled ??= await compile(network.evaluate.bind(network), [network.params, input], { constants: [0] });
        }
        const outputs = await (compiled ?? network.evaluate.bind(network))(network.params, input);
        try {
          set.add(first + done, count, await readRows(outputs, wanted, count));
        } finally {
          tf.dispose(Object.values(outputs));
        }
      } finally {
        tf.dispose(input);
      }
      done += count;
      onProgress?.(done);
    }
  } finally {
    await compiled?.dispose();
  }
  return set;
}

async function readRows(
  outputs: Readonly<Record<string, Tensor>>,
  wanted: readonly string[],
  count: number,
): Promise<Record<string, Float32Array>> {
  const rows: Record<string, Float32Array> = {};
  for (const name of wanted) {
    const [batch, width] = outputs[name].shape;
    const data = (await outputs[name].data()) as Float32Array;
    rows[name] = data.subarray(0, Math.min(batch, count) * width);
  }
  return rows;
}

function checkWhole(name: string, value: number, low: number, high: number): void {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw new RangeError(`evaluate: ${name} must be an integer in [${low}, ${high}], got ${value}.`);
  }
}
