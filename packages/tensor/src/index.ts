export { tf } from './tf';
export type { DataType, Rank, Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, TensorLike } from './tf';
export { backendNames, useBackend, type BackendName } from './backends/use-backend';
export { OnestepError, type OnestepErrorCode } from './errors';
export { countLeaks } from './leaks';
export {
  cloneParams,
  countParams,
  disposeParams,
  mapParams,
  paramNames,
  valueAndGrads,
  type Params,
} from './params/params';
export { randomStream, type RandomStream } from './random/stream';
export { hostTensor, toHost, toTensor, type HostTensor } from './params/host-tensor';
export { eagerRunner } from './step/eager-runner';
export type { StepFunction, StepRunner, StepRunnerFactory, StepRunnerOptions, StepState } from './step/step';
