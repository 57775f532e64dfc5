import type { Params, Tensor } from '@onestep/tensor';

/**
 * A network whose activations a metric compares, as a pure function of its weights, with what a receipt must say of it.
 */
export interface FeatureNetwork {
  /** For example `inception-v3-fid` or `lenet-mnist`. */
  readonly name: string;
  /** Of the weight file. */
  readonly sha256: string;
  /** Channels the network takes; grey images are never repeated into colour silently. */
  readonly channels: 1 | 3;
  /** How pixels become the network's input, as a receipt states it, for example `tf1-bilinear-299, (x - 128) / 128`. */
  readonly preprocessing: string;
  /** Width of each output, for example `{ pool: 2048, spatial: 2023, logits: 1008 }`. */
  readonly outputs: Readonly<Record<string, number>>;
  readonly params: Params;
  /**
   * The features of a batch, traceable by `@onestep/compile`.
   *
   * @param pixels - `[B, H, W, channels]` float32 with the values of bytes, 0 to 255
   * @returns every output `[B, width]`; the caller frees them
   */
  evaluate(params: Params, pixels: Tensor): Readonly<Record<string, Tensor>>;
}
