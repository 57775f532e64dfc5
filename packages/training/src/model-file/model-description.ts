import type { Network, Preconditioning } from '@onestep/core';

/** The one way to sample weights that were trained at a few noise levels alone. */
export interface FixedSampling {
  /** `one-step`: f(x, sigma) at the single level; `euler`: Euler steps of the denoiser from level to level. */
  readonly sampler: 'one-step' | 'euler';
  /** Strictly decreasing; for `euler` the last one is where sampling ends, not evaluated. */
  readonly sigmas: readonly number[];
}

/** What must be known beside the weights to call a model; stored in the metadata of weight files. */
export interface ModelDescription {
  /** A denoiser D(x, sigma), a consistency function f(x, sigma), or a jump G(x, sigma, s). */
  readonly kind: 'denoiser' | 'consistency' | 'jump';
  readonly network: {
    /** Architecture, for example `adm-unet`. */
    readonly name: string;
    readonly config: unknown;
  };
  /** The preconditioning the weights were trained with, as core's `preconditioningFromConfig` takes it. */
  readonly preconditioning: {
    readonly name: string;
    readonly config: Readonly<Record<string, number | string>>;
  };
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Shape of one image, `[H, W, C]`. */
  readonly shape: readonly number[];
  /** 0 for unconditional models. */
  readonly numClasses: number;
  /** Names of the classes, where known. */
  readonly labelNames?: readonly string[] | undefined;
  /** Only where the weights know a few noise levels; otherwise any grid within the range will do. */
  readonly sampling?: FixedSampling | undefined;
}

/**
 * Describes a model for its weight file.
 *
 * @param kind - what the weights compute under this preconditioning
 * @param options - `sigmaMin`, `sigmaMax`: range the model is meant for, by default the preconditioning's
 */
export function describeModel(
  kind: ModelDescription['kind'],
  options: {
    readonly network: Pick<Network, 'name' | 'config' | 'shape' | 'numClasses'>;
    readonly preconditioning: Preconditioning;
    readonly sigmaMin?: number | undefined;
    readonly sigmaMax?: number | undefined;
    readonly labelNames?: readonly string[] | undefined;
  },
): ModelDescription {
  const { network, preconditioning, labelNames } = options;
  return {
    kind,
    network: { name: network.name, config: network.config },
    preconditioning: { name: preconditioning.name, config: preconditioning.config },
    sigmaMin: options.sigmaMin ?? preconditioning.sigmaMin,
    sigmaMax: options.sigmaMax ?? preconditioning.sigmaMax,
    shape: [...network.shape],
    numClasses: network.numClasses,
    ...(labelNames === undefined ? {} : { labelNames }),
  };
}
