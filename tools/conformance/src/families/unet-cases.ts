import { preconditioned, type Condition, type Preconditioning } from '@onestep/core';
import type { HostParams, PlannedNetwork } from '@onestep/models';
import {
  disposeParams,
  jvp,
  mapParams,
  tf,
  toTensor,
  valueAndGrads,
  type Params,
  type Scalar,
  type Tensor,
  type Tensor1D,
} from '@onestep/tensor';
import type { AnyCase, GoldenCase } from '../case';
import { compare, compareAll, tolerances, type Comparison } from '../compare';
import type { GoldenFile } from '../family';
import { downloadChannelsFirst, uploadChannelsLast } from './channels';

/** Share of a network's largest gradient below which another of its gradients is nothing but rounding. */
const noiseShare = 1e-6;

/** What a file stores beside its outputs. */
const inputs = [
  ...['x', 'proj', 'grad_x', 'class_labels', 'augment_labels', 'denoise_x', 'denoise_sigma'],
  ...['jvp', 'jvp_vx', 'jvp_vc', 'out_openai'],
] as const;

/** Where a U-Net comes from, and how its file stores what it is given. */
export interface UnetSource {
  readonly network: PlannedNetwork;
  /** File of the weights. */
  readonly weights: string;
  readonly load: (tensors: HostParams) => HostParams;
  /** Put before the names of its cases. */
  readonly prefix: string;
  /** Stored outputs by key, with the condition of each; the first is the one that gradients belong to. */
  readonly outputs: Readonly<Record<string, () => Condition>>;
  /** Key of the noise embedding input. */
  readonly cNoise: string;
  /** Stored outputs of the network inside a preconditioning, by key; all with the first condition. */
  readonly denoisers: Readonly<Record<string, () => Preconditioning>>;
}

/** Everything the file stores about one U-Net. */
export function unetCases(file: GoldenFile, source: UnetSource): readonly AnyCase[] {
  const cases = file.companion(file.content.text('cases'));
  const named = (key: string, run: (params: Params) => Promise<Comparison>): GoldenCase => ({
    name: `${file.path}#${source.prefix}${key}`,
    run: () => withParams(file, source, run),
  });
  const stored = (record: Readonly<Record<string, unknown>>): string[] =>
    Object.keys(record).filter((key) => Object.hasOwn(cases, key));
  const gradients = Object.keys(cases).filter((key) => key.startsWith('grad.'));
  const known = new Set([...inputs, source.cNoise, ...Object.keys(source.outputs), ...Object.keys(source.denoisers)]);
  const foreign = Object.keys(cases).filter((key) => !known.has(key) && !gradients.includes(key));
  return [
    ...stored(source.outputs).map((key) => named(key, (params) => compareOutput(file, source, params, key))),
    ...stored(source.denoisers).map((key) => named(key, (params) => compareDenoised(file, source, params, key))),
    ...stored({ jvp: true }).map((key) => named(key, (params) => compareTangent(file, source, params))),
    ...(Object.hasOwn(cases, 'grad_x') || gradients.length > 0
      ? [named('gradients', (params) => compareGradients(file, source, params, gradients))]
      : []),
    // The twin of another network shares its file; what is stored is reported with the first.
    ...(source.prefix === '' ? foreign : []).map((key) => ({
      name: `${file.path}#${key}`,
      needs: `stored value ${key}`,
    })),
  ];
}

async function withParams(
  file: GoldenFile,
  { weights, load }: UnetSource,
  body: (params: Params) => Promise<Comparison>,
): Promise<Comparison> {
  const params = mapParams(load(file.companion(weights)), toTensor);
  try {
    return await body(params);
  } finally {
    disposeParams(params);
  }
}

/** The condition of the first stored output. */
function mainCondition({ outputs }: UnetSource): Condition {
  return Object.values(outputs)[0]();
}

async function compareOutput(file: GoldenFile, source: UnetSource, params: Params, key: string): Promise<Comparison> {
  const cases = file.companion(file.content.text('cases'));
  const out = tf.tidy(() =>
    source.network.apply(params, uploadChannelsLast(cases.x), {
      ...source.outputs[key](),
      cNoise: toTensor(cases[source.cNoise]) as Tensor1D,
    }),
  );
  return compare(await downloadChannelsFirst(out), cases[key].data, tolerances.network);
}

async function compareDenoised(file: GoldenFile, source: UnetSource, params: Params, key: string): Promise<Comparison> {
  const cases = file.companion(file.content.text('cases'));
  const denoised = tf.tidy(() =>
    preconditioned(source.network, source.denoisers[key]())(params)(
      uploadChannelsLast(cases.denoise_x),
      toTensor(cases.denoise_sigma) as Tensor1D,
      mainCondition(source),
    ),
  );
  return compare(await downloadChannelsFirst(denoised), cases[key].data, tolerances.network);
}

/** The derivative of the output along a stored direction of image and noise level. */
async function compareTangent(file: GoldenFile, source: UnetSource, params: Params): Promise<Comparison> {
  const cases = file.companion(file.content.text('cases'));
  const tangent = tf.tidy(() => {
    const condition = mainCondition(source);
    return jvp(
      (x, cNoise) => source.network.apply(params, x, { ...condition, cNoise: cNoise as Tensor1D }),
      [uploadChannelsLast(cases.x), toTensor(cases[source.cNoise])],
      [uploadChannelsLast(cases.jvp_vx), toTensor(cases.jvp_vc)],
    ).tangent;
  });
  return compare(await downloadChannelsFirst(tangent), cases.jvp.data, tolerances.network);
}

/** Gradients of sum(out proj) with respect to the image and to the stored parameters. */
async function compareGradients(
  file: GoldenFile,
  source: UnetSource,
  params: Params,
  gradients: readonly string[],
): Promise<Comparison> {
  const cases = file.companion(file.content.text('cases'));
  const { network } = source;
  const x = uploadChannelsLast(cases.x);
  // Image and weights share one record, so that one backward pass gives both; the space keeps the name free.
  const image = 'the image';
  const { value, grads } = tf.tidy(() => {
    const projection = uploadChannelsLast(cases.proj);
    const condition = { ...mainCondition(source), cNoise: toTensor(cases[source.cNoise]) as Tensor1D };
    return valueAndGrads(
      ({ [image]: input, ...rest }) => tf.sum<Scalar>(tf.mul(network.apply(rest, input, condition), projection)),
      { ...params, [image]: x },
    ) as never;
  }) as unknown as { value: Scalar; grads: Record<string, Tensor> };
  const { [image]: gradX, ...ours } = grads;
  const tensors: Record<string, readonly [ArrayLike<number>, ArrayLike<number>]> = {};
  const ofImage = await downloadChannelsFirst(gradX);
  if (Object.hasOwn(cases, 'grad_x')) tensors.grad_x = [ofImage, cases.grad_x.data];
  const theirs = await inFileLayout(file, source, ours, gradients);
  for (const key of gradients) tensors[key] = [theirs[key], cases[key].data];
  tf.dispose([value, x, ours] as never);
  const peak = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const largest = Math.max(...Object.values(tensors).map(([, expected]) => peak(expected)));
  // Some gradients vanish exactly (the bias of attention keys, a constant before a norm of one channel per group): what
  // the reference stores is its rounding noise, and ours need only be noise too.
  return compareAll(tensors, tolerances.networkGradient, (expected) =>
    peak(expected) < noiseShare * largest ? (noiseShare * largest) / tolerances.networkGradient.value : 0,
  );
}

/**
 * Reads our gradients in the order of the file's tensors: the importer is handed numbers in place of weights, and where
 * each number lands says which element it is.
 */
async function inFileLayout(
  file: GoldenFile,
  { network, weights, load }: UnetSource,
  ours: Params,
  gradients: readonly string[],
): Promise<Record<string, Float32Array>> {
  const found: Record<string, Float32Array> = {};
  const owners: { readonly key: string; readonly start: number }[] = [];
  let next = 1;
  const numbered = mapParams(file.companion(weights), (tensor, name) => {
    if (Object.hasOwn(network.constants ?? {}, name)) return tensor;
    const key = `grad.${name}`;
    const data = new Float32Array(tensor.data.length);
    if (gradients.includes(key)) {
      owners.push({ key, start: next });
      found[key] = new Float32Array(data.length).fill(Number.NaN);
      for (let i = 0; i < data.length; i += 1) data[i] = next++;
    }
    return { ...tensor, data };
  });
  for (const [name, { data }] of Object.entries(load(numbered))) {
    const values = await ours[name].data();
    data.forEach((id, i) => {
      if (id === 0) return;
      const owner = owners.findLast(({ start }) => start <= id);
      if (owner !== undefined) found[owner.key][id - owner.start] = values[i];
    });
  }
  return found;
}
