import {
  consistencyPreconditioning,
  edmPreconditioning,
  preconditioned,
  type Condition,
  type Preconditioning,
} from '@onestep/core';
import { admUnet, type AdmUnetOptions, type HostParams } from '@onestep/models';
import { oneHotLabels } from '@onestep/sampling';
import {
  disposeParams,
  mapParams,
  tf,
  toTensor,
  valueAndGrads,
  type Params,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import type { AnyCase, GoldenCase } from '../case';
import { compare, compareAll, tolerances, type Comparison } from '../compare';
import type { GoldenFile } from '../family';
import { downloadChannelsFirst, uploadChannelsLast } from './channels';

const float32Epsilon = 2 ** -23;

/** Where a U-Net comes from. */
export interface UnetSource {
  readonly config: AdmUnetOptions;
  /** File of the weights. */
  readonly weights: string;
  readonly load: (tensors: HostParams, config: AdmUnetOptions) => HostParams;
  /** Put before the names of its cases. */
  readonly prefix: string;
  /** Key of the stored output. */
  readonly output: string;
}

/** Everything the file stores about one U-Net. */
export function unetCases(file: GoldenFile, source: UnetSource): readonly AnyCase[] {
  const cases = file.companion(file.content.text('cases'));
  const named = (key: string, run: GoldenCase['run']): GoldenCase => ({
    name: `${file.path}#${source.prefix}${key}`,
    run,
  });
  const gradients = Object.keys(cases).filter((key) => key.startsWith('grad.'));
  const wrapped: [string, () => Preconditioning][] = [
    ['denoise_plain', () => edmPreconditioning({ cNoise: 'openai' })],
    ['denoise_distillation', () => consistencyPreconditioning({ cNoise: 'openai' })],
  ];
  return [
    named(source.output, () => withParams(file, source, (params) => compareOutput(file, source, params))),
    ...wrapped
      .filter(([key]) => Object.hasOwn(cases, key))
      .map(([key, make]) =>
        named(key, () => withParams(file, source, (params) => compareDenoised(file, source, params, { key, make }))),
      ),
    ...(Object.hasOwn(cases, 'grad_x') || gradients.length > 0
      ? [
          named('gradients', () =>
            withParams(file, source, (params) => compareGradients(file, source, params, gradients)),
          ),
        ]
      : []),
  ];
}

async function withParams(
  file: GoldenFile,
  { config, weights, load }: UnetSource,
  body: (params: Params) => Promise<Comparison>,
): Promise<Comparison> {
  const params = mapParams(load(file.companion(weights), config), toTensor);
  try {
    return await body(params);
  } finally {
    disposeParams(params);
  }
}

/** Class labels as the file has them, one-hot; the caller disposes them. */
function conditionOf(file: GoldenFile, { config }: UnetSource): Condition {
  if ((config.numClasses ?? 0) === 0 || !file.content.has('labels')) return {};
  return { labels: toTensor(oneHotLabels(file.content.numbers('labels'), config.numClasses ?? 0)) as Tensor2D };
}

async function compareOutput(file: GoldenFile, source: UnetSource, params: Params): Promise<Comparison> {
  const cases = file.companion(file.content.text('cases'));
  const out = tf.tidy(() =>
    admUnet(source.config).apply(params, uploadChannelsLast(cases.x), {
      ...conditionOf(file, source),
      cNoise: toTensor(cases.timesteps) as Tensor1D,
    }),
  );
  return compare(await downloadChannelsFirst(out), cases[source.output].data, tolerances.network);
}

async function compareDenoised(
  file: GoldenFile,
  source: UnetSource,
  params: Params,
  { key, make }: { readonly key: string; readonly make: () => Preconditioning },
): Promise<Comparison> {
  const cases = file.companion(file.content.text('cases'));
  const denoised = tf.tidy(() =>
    preconditioned(admUnet(source.config), make())(params)(
      uploadChannelsLast(cases.denoise_x),
      toTensor(cases.denoise_sigma) as Tensor1D,
      conditionOf(file, source),
    ),
  );
  return compare(await downloadChannelsFirst(denoised), cases[key].data, tolerances.network);
}

/** Gradients of sum(out proj) with respect to the image and to the stored parameters. */
async function compareGradients(
  file: GoldenFile,
  source: UnetSource,
  params: Params,
  gradients: readonly string[],
): Promise<Comparison> {
  const cases = file.companion(file.content.text('cases'));
  const network = admUnet(source.config);
  const x = uploadChannelsLast(cases.x);
  // Image and weights share one record, so that one backward pass gives both; the space keeps the name free.
  const image = 'the image';
  const { value, grads } = tf.tidy(() => {
    const projection = uploadChannelsLast(cases.proj);
    const condition = { ...conditionOf(file, source), cNoise: toTensor(cases.timesteps) as Tensor1D };
    return valueAndGrads(
      ({ [image]: input, ...rest }) => tf.sum<Scalar>(tf.mul(network.apply(rest, input, condition), projection)),
      { ...params, [image]: x },
    ) as never;
  }) as unknown as { value: Scalar; grads: Record<string, Tensor> };
  const { [image]: gradX, ...ours } = grads;
  const tensors: Record<string, readonly [ArrayLike<number>, ArrayLike<number>]> = {
    grad_x: [await downloadChannelsFirst(gradX), cases.grad_x.data],
  };
  const theirs = await inFileLayout(file, source, ours, gradients);
  for (const key of gradients) tensors[key] = [theirs[key], cases[key].data];
  tf.dispose([value, x, ours] as never);
  const peak = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const largest = Math.max(...Object.values(tensors).map(([, expected]) => peak(expected)));
  // Some gradients vanish exactly (the bias of attention keys, a constant before a norm of one channel per group): what
  // the reference stores is its rounding noise, and ours need only be noise too.
  return compareAll(tensors, tolerances.networkGradient, (expected) =>
    peak(expected) < float32Epsilon * largest ? 1e-3 * largest : 0,
  );
}

/**
 * Reads our gradients in the order of the file's tensors: the importer is handed numbers in place of weights, and where
 * each number lands says which element it is.
 */
async function inFileLayout(
  file: GoldenFile,
  { weights, load, config }: UnetSource,
  ours: Params,
  gradients: readonly string[],
): Promise<Record<string, Float32Array>> {
  const found: Record<string, Float32Array> = {};
  const owners: { readonly key: string; readonly start: number }[] = [];
  let next = 1;
  const numbered = mapParams(file.companion(weights), (tensor, name) => {
    const key = `grad.${name}`;
    const data = new Float32Array(tensor.data.length);
    if (gradients.includes(key)) {
      owners.push({ key, start: next });
      found[key] = new Float32Array(data.length).fill(Number.NaN);
      for (let i = 0; i < data.length; i += 1) data[i] = next++;
    }
    return { ...tensor, data };
  });
  for (const [name, { data }] of Object.entries(load(numbered, config))) {
    const values = await ours[name].data();
    data.forEach((id, i) => {
      if (id === 0) return;
      const owner = owners.findLast(({ start }) => start <= id);
      if (owner !== undefined) found[owner.key][id - owner.start] = values[i];
    });
  }
  return found;
}
