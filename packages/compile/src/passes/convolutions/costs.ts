import type { Target } from '../../executors/executor';

/** What decides how convolutions are lowered. */
export interface ConvolutionCosts {
  /**
   * Channels per block of ONNX Runtime's blocked layout (16 with AVX-512, 8 with AVX2), 0 where it has none. Convolutions
   * in it are 1.3 to 2 times as fast as the next best lowering, at every size.
   */
  readonly channelBlock: number;
  /** Without blocks: up to this many output positions a product over gathered patches is faster than NCHW `Conv`. */
  readonly maxGatherPositions: number;
}

/** Costs of an executor. */
export function convolutionCosts(target: Target, channelBlock = 0): ConvolutionCosts {
  const onHost = target === 'cpu' || target === 'wasm';
  return { channelBlock: onHost ? channelBlock : 0, maxGatherPositions: onHost ? 200 : 0 };
}
