/**
 * The one copy of TensorFlow.js in a program. Every Onestep package reaches it through here, so that
 * two copies (two engines, two registries) cannot meet in one computation.
 */
import './internal/quiet';
import './internal/gradients';
import './internal/second-order-gradients';

export * as tf from '@tensorflow/tfjs-core';
export type {
  DataType,
  NamedTensorMap,
  Rank,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  TensorLike,
} from '@tensorflow/tfjs-core';
