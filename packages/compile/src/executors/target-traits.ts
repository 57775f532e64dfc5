import type { Target } from './executor';

/** What an executor can take. */
export interface TargetTraits {
  /** Standard ONNX operators only. */
  readonly portable: boolean;
  /** Tensors live in a device's memory. */
  readonly onDevice: boolean;
  /** Whether the training state lies in few long vectors. */
  readonly vectors: boolean;
}

/**
 * WebGPU has neither ONNX Runtime's own matrix product nor room for one operator over hundreds of buffers, which joining
 * the gradients of all parameters would be.
 */
export function targetTraits(target: Target): TargetTraits {
  const onDevice = target === 'webgpu' || target === 'cuda';
  return { portable: target === 'webgpu', onDevice, vectors: target !== 'webgpu' };
}
