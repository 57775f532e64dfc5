import type { Target } from './executor';

/** What an executor can take. */
export interface TargetTraits {
  /** Standard ONNX operators only. */
  readonly portable: boolean;
  /** Whether the training state lies in few long vectors. */
  readonly vectors: boolean;
}

/**
 * WebGPU has neither ONNX Runtime's own matrix product nor room for one operator over hundreds of buffers, which joining
 * the gradients of all parameters would be.
 */
export function targetTraits(target: Target): TargetTraits {
  return { portable: target === 'webgpu', vectors: target !== 'webgpu' };
}
