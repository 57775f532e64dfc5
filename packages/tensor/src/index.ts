export { tf } from './tf';
export type { DataType, Rank, Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, TensorLike } from './tf';
export { backendNames, type BackendName, type BackendOptions } from './backends/backend-names';
export { useBackend } from './backends/use-backend';
export { describeBackends, type BackendDescription } from './backends/describe-backends';
export { checkGradients, gradientTolerance, type GradientCheck } from './diagnostics/check-gradients';
export { measureGflops, type Throughput } from './diagnostics/measure-gflops';
export { after } from './autodiff/after';
export { jvp } from './autodiff/jvp';
export { recomputed } from './autodiff/recomputed';
export { vjp } from './autodiff/vjp';
export { OnestepError, type OnestepErrorCode } from './errors';
export { countLeaks } from './leaks';
export { nearestName } from './nearest-name';
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
export {
  parallelRunner,
  type GradientCrew,
  type GradientCrewFactory,
  type ParallelRunnerOptions,
  type PartGradients,
} from './step/parallel-runner';
export { checkSameGroups, type HostGroups } from './step/check-groups';
export type {
  StepFunction,
  StepReplacement,
  StepRunner,
  StepRunnerFactory,
  StepParts,
  StepRunnerOptions,
  StepState,
} from './step/step';
export { paramsFromHost, paramsToHost } from './params/params-host';
export { readSafetensors, type SafetensorsFile, type StoredTensor } from './safetensors/read-safetensors';
export { writeSafetensors, writeSafetensorsHeader } from './safetensors/write-safetensors';
export { readSafetensorsHeader, type SafetensorsHeader, type TensorEntry } from './safetensors/header';
export type { SafetensorsDtype } from './safetensors/format';
export { readTorchFile } from './torch/read-torch-file';
