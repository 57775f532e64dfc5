import type { Params, RandomStream, Tensor, Tensor1D, Tensor2D } from '@onestep/tensor';

/** Everything a network sees beside the image: all of it tensors, made on the host. */
export interface Conditioning {
  /** Noise embedding input c_noise(sigma), `[B]`. */
  readonly cNoise: Tensor1D;
  /** One-hot labels `[B, numClasses]`; an all-zero row is the unconditional label. */
  readonly labels?: Tensor2D | undefined;
  /** Embedding input of a second time (CTM's s), `[B]`. */
  readonly cNoise2?: Tensor1D | undefined;
  /** EDM augmentation labels `[B, 9]`. */
  readonly augment?: Tensor2D | undefined;
  /** Dropout masks by site name with values 0 or 1 / (1 - rate); absent: no dropout. */
  readonly dropout?: Readonly<Record<string, Tensor>> | undefined;
}

/** How a forward pass is made; nothing here changes its result. */
export interface ApplyOptions {
  /** Keeps no activations inside blocks: the backward pass computes them again. Less memory, about a third more work. */
  readonly recompute?: boolean | undefined;
}

/**
 * A raw network F: a pure function of weights, image and conditioning. It holds no tensors.
 */
export interface Network<Config = unknown> {
  /** Architecture name as stored in model files, for example `adm-unet`. */
  readonly name: string;
  readonly config: Config;
  /** Image shape the network accepts and returns, `[H, W, C]` (output channels may differ: see config). */
  readonly shape: readonly number[];
  /** Number of classes, 0 if unconditional. */
  readonly numClasses: number;
  /** True if {@link Conditioning.cNoise2} is an input (and then required): what jumps to any noise level need. */
  readonly secondTime?: boolean | undefined;
  /** Width of {@link Conditioning.augment}; absent or 0: the network takes none. Left out, they count as zero: no augmentation. */
  readonly augmentChannels?: number | undefined;
  /** Name of the weight of the last layer, where losses are balanced by their gradients there. */
  readonly outputWeight?: string | undefined;
  /** Names and shapes of all parameters, without making any. */
  readonly paramShapes: Readonly<Record<string, readonly number[]>>;
  /** Fresh weights; `rng(name)` is the stream of parameter `name`. The caller disposes them. */
  init(rng: (name: string) => RandomStream): Params;
  /** F(x, conditioning): `x [B, H, W, C]` to the same shape. */
  apply(params: Params, x: Tensor, conditioning: Conditioning, options?: ApplyOptions): Tensor;
  /**
   * Weights at the size that training keeps them at (forced weight normalisation); computes the same function. Absent:
   * they are left as the optimizer makes them.
   *
   * @see Karras et al. 2024 (EDM2), section 2.4
   */
  normalizeWeights?(params: Params): Params;
  /** Dropout sites for batch size `batch`: name to mask shape. Empty when the network has no dropout. */
  dropoutSites(batch: number): Readonly<Record<string, readonly number[]>>;
}
