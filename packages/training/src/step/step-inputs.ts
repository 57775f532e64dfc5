import { hostTensor, type HostTensor, type Params, type Scalar, type Tensor2D } from '@onestep/tensor';
import type { ObjectiveBatch } from '../objectives/objective';

/** Everything a step reads beside its state, in host memory. */
export interface StepInputs {
  /** `[B, ...]` in [-1, 1]. */
  readonly images: HostTensor;
  /** One-hot `[B, numClasses]`. */
  readonly labels?: HostTensor | undefined;
  /** Augmentation labels `[B, n]`. */
  readonly augment?: HostTensor | undefined;
  /** The noise `[B, ...]` a teacher made the images from. */
  readonly pairNoise?: HostTensor | undefined;
  /** Of the objective. */
  readonly draws: Readonly<Record<string, HostTensor>>;
  /** Dropout masks by site. */
  readonly dropout?: Readonly<Record<string, HostTensor>> | undefined;
  /** Numbers that change from step to step. */
  readonly scalars: Readonly<Record<string, number>>;
}

/**
 * Flattens the inputs of a step to one record: `images`, `labels`, `augment`, `pairNoise`, `draw.NAME`, `dropout.SITE`, `scalar.NAME`.
 *
 * @returns tensors for {@link StepRunner.step}; scalars have shape `[]`
 */
export function packInputs({
  images,
  labels,
  augment,
  pairNoise,
  draws,
  dropout = {},
  scalars,
}: StepInputs): Record<string, HostTensor> {
  const packed: Record<string, HostTensor> = { images };
  if (labels !== undefined) packed.labels = labels;
  if (augment !== undefined) packed.augment = augment;
  if (pairNoise !== undefined) packed.pairNoise = pairNoise;
  for (const [name, draw] of Object.entries(draws)) packed[`draw.${name}`] = draw;
  for (const [site, mask] of Object.entries(dropout)) packed[`dropout.${site}`] = mask;
  for (const [name, value] of Object.entries(scalars))
    packed[`scalar.${name}`] = hostTensor(Float32Array.of(value), []);
  return packed;
}

/** The same record as tensors, taken apart again. */
export interface UnpackedInputs {
  readonly batch: ObjectiveBatch;
  readonly scalars: Readonly<Record<string, Scalar>>;
}

/** Inverse of {@link packInputs}, on uploaded tensors. */
export function unpackInputs(inputs: Params): UnpackedInputs {
  const dropout = withPrefix(inputs, 'dropout.');
  return {
    batch: {
      images: inputs.images,
      ...(inputs.pairNoise === undefined ? {} : { pairNoise: inputs.pairNoise }),
      draws: withPrefix(inputs, 'draw.'),
      condition: {
        ...(inputs.labels === undefined ? {} : { labels: inputs.labels as Tensor2D }),
        ...(inputs.augment === undefined ? {} : { augment: inputs.augment as Tensor2D }),
        ...(Object.keys(dropout).length === 0 ? {} : { dropout }),
      },
    },
    scalars: withPrefix(inputs, 'scalar.') as Readonly<Record<string, Scalar>>,
  };
}

/** Entries whose name begins with `prefix`, without it. */
export function withPrefix<T>(record: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  const found: Record<string, T> = {};
  for (const [name, value] of Object.entries(record)) {
    if (name.startsWith(prefix)) found[name.slice(prefix.length)] = value;
  }
  return found;
}
