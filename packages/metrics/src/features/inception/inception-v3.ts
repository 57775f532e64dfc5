import { paramsFromHost, tf, type Params, type Tensor, type Tensor2D, type Tensor4D } from '@onestep/tensor';
import { averagePoolInside, maxPool } from '../../layers/pooling';
import { asColour } from '../../layers/colour';
import type { WeightRecord } from '../../weights/check-weights';
import type { FeatureNetwork } from '../feature-network';
import { blocks, stems, type BranchSpec, type ConvSpec } from './architecture';
import { inceptionParams } from './inception-weights';
import { inceptionInputRules, inputRules, type InceptionInputRule } from './input-rules';

/**
 * Widths of what the network can give: `pool` for FID, KID and the like; `spatial`, the first 7 channels of a 17 x 17 map,
 * for sFID; `logits` without bias for the Inception score, `logitsBiased` with it; means over space of earlier maps.
 */
export const inceptionOutputs = {
  features64: 64,
  features192: 192,
  spatial: 2023,
  features768: 768,
  pool: 2048,
  logits: 1008,
  logitsBiased: 1008,
} as const;

/** Name of an output. */
export type InceptionOutput = keyof typeof inceptionOutputs;

/** Options of {@link inceptionV3}. */
export interface InceptionOptions {
  /** Of the weight file. */
  readonly sha256: string;
  /** How pixels become input; default `torch-fidelity`, the rule of the original TensorFlow network. */
  readonly input?: InceptionInputRule | undefined;
  /** What to compute; default `pool`, `spatial` and `logits`. Layers that none of them needs are not run. */
  readonly outputs?: readonly InceptionOutput[] | undefined;
  /** Takes grey images and repeats their channel three times; default false, grey images are refused. */
  readonly repeatGrey?: boolean | undefined;
}

const spatialChannels = 7;

/**
 * The Inception v3 network of 2015 that FID is defined by: pooling that leaves padding out of averages, and a maximum in the
 * last block.
 *
 * @param weights - published weights under the names of pytorch-fid's checkpoint
 * @param options - `sha256`, `input`, `outputs`, `repeatGrey`
 * @returns the network; its `params` are tensors of the current backend, the caller's to dispose
 * @throws RangeError for an unknown rule or output
 * @throws OnestepError `bad-weight-file` for missing tensors and other shapes, `non-finite` for weights that are not numbers
 * @see Szegedy et al. 2015, "Rethinking the Inception Architecture"; Heusel et al. 2017
 */
export function inceptionV3(weights: WeightRecord, options: InceptionOptions): FeatureNetwork {
  const { input = 'torch-fidelity', outputs = ['pool', 'spatial', 'logits'], repeatGrey = false, sha256 } = options;
  requireKnown('input', [input], inceptionInputRules);
  requireKnown('outputs', outputs, Object.keys(inceptionOutputs));
  if (outputs.length === 0) throw new RangeError('inceptionV3: outputs must name at least one output.');
  const { description, apply } = inputRules[input];
  const channels = repeatGrey ? 1 : 3;
  return {
    name: 'inception-v3-fid',
    sha256,
    channels,
    preprocessing: repeatGrey ? `grey repeated to 3 channels, ${description}` : description,
    outputs: Object.fromEntries(outputs.map((output) => [output, inceptionOutputs[output]])),
    params: paramsFromHost(inceptionParams(weights)),
    evaluate: (params, pixels) =>
      tf.tidy(() => run(params, apply(asColour('inceptionV3', pixels, channels)), new Set(outputs))),
  };
}

/** Runs the layers until every wanted output is there. */
function run(params: Params, images: Tensor4D, wanted: ReadonlySet<InceptionOutput>): Record<string, Tensor2D> {
  const found: Partial<Record<InceptionOutput, Tensor2D>> = {};
  const offer = (name: InceptionOutput, make: () => Tensor): void => {
    if (wanted.has(name)) found[name] = make() as Tensor2D;
  };
  const done = (): boolean => Object.keys(found).length === wanted.size;
  const convolve = (x: Tensor4D, spec: ConvSpec): Tensor4D => convolution(params, x, spec);

  let x = maxPool(stems.first.reduce(convolve, images), { size: 3, stride: 2 });
  offer('features64', () => tf.mean(x, [1, 2]));
  if (done()) return found;
  x = maxPool(stems.second.reduce(convolve, x), { size: 3, stride: 2 });
  offer('features192', () => tf.mean(x, [1, 2]));
  for (const block of blocks) {
    if (done()) return found;
    const branches = block.branches.map((branch) => runBranch(params, x, branch));
    if (block.name === 'Mixed_6d') offer('spatial', () => spatialFeatures(branches[0]));
    x = join(branches);
    if (block.name === 'Mixed_6e') offer('features768', () => tf.mean(x, [1, 2]));
  }
  if (done()) return found;
  const pool = tf.mean<Tensor2D>(x, [1, 2]);
  offer('pool', () => pool);
  const logits = tf.matMul(pool, params['fc.weight']);
  offer('logits', () => logits);
  offer('logitsBiased', () => tf.add(logits, params['fc.bias']));
  return found;
}

/** Rows, columns, then channels, as TensorFlow flattens them. The Frechet distance does not depend on the order. */
function spatialFeatures(map: Tensor4D): Tensor {
  const [batch, height, width] = map.shape;
  const few = tf.slice(map, [0, 0, 0, 0], [batch, height, width, spatialChannels]);
  return tf.reshape(few, [batch, height * width * spatialChannels]);
}

const join = (maps: readonly Tensor4D[]): Tensor4D => (maps.length === 1 ? maps[0] : tf.concat([...maps], 3));

function runBranch(params: Params, x: Tensor4D, { maxPool: stride, average, chain, fork }: BranchSpec): Tensor4D {
  if (average === true) return convolution(params, x, chain[0], averagePoolInside);
  const start = stride === undefined ? x : maxPool(x, { size: 3, stride, margin: stride === 1 ? 1 : 0 });
  const end = chain.reduce((value, spec) => convolution(params, value, spec), start);
  return fork === undefined ? end : join(fork.map((spec) => convolution(params, end, spec)));
}

function convolution(
  params: Params,
  x: Tensor4D,
  { name, stride, padding }: ConvSpec,
  between: (x: Tensor4D) => Tensor4D = (value) => value,
): Tensor4D {
  const product = tf.conv2d(x, params[`${name}.weight`] as Tensor4D, stride, padding);
  return tf.relu(tf.add<Tensor4D>(between(product), params[`${name}.bias`]));
}

function requireKnown(option: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new RangeError(`inceptionV3: ${option} "${unknown}" is unknown, expected ${known.join(', ')}.`);
}
