export type { Model, ModelKind, SampleOptions, Sampler, StepState } from './sampler';
export type { ChurnOptions } from './samplers/churn';
export { ctm, type CtmOptions } from './samplers/ctm';
export { deis, type DeisOptions } from './samplers/deis';
export type { DpmMultistepOptions } from './internal/exponential-multistep';
export type { DpmSdeOptions } from './internal/exponential-sde';
export { dpmSolverMultistep } from './samplers/dpm-solver-multistep';
export { dpmpp2m } from './samplers/dpmpp-2m';
export { dpmpp2mSde, type Dpmpp2mSdeOptions } from './samplers/dpmpp-2m-sde';
export { dpmpp3mSde, type Dpmpp3mSdeOptions } from './samplers/dpmpp-3m-sde';
export { dpmpp3s, type Dpmpp3sOptions } from './samplers/dpmpp-3s';
export { dpmppMultistep } from './samplers/dpmpp-multistep';
export { ipndm, type IpndmOptions } from './samplers/ipndm';
export { lms, type LmsOptions } from './samplers/lms';
export { scm, type ScmOptions } from './samplers/scm';
export { unipc, type UnipcOptions } from './samplers/unipc';
export { euler } from './samplers/euler';
export type { AncestralOptions } from './samplers/ancestral';
export { eulerAncestral } from './samplers/euler-ancestral';
export { ddim } from './samplers/ddim';
export { ddpm, type DdpmOptions } from './samplers/ddpm';
export { dpmSolver2, type DpmSolver2Options } from './samplers/dpm-solver-2';
export { dpmSolver2Ancestral } from './samplers/dpm-solver-2-ancestral';
export { dpmSolver3, type DpmSolver3Options } from './samplers/dpm-solver-3';
export { dpmSolverAdaptive, type AdaptiveInfo, type DpmSolverAdaptiveOptions } from './samplers/dpm-solver-adaptive';
export { dpmSolverFast, type DpmSolverFastOptions } from './samplers/dpm-solver-fast';
export { dpmpp2s, type Dpmpp2sOptions } from './samplers/dpmpp-2s';
export { dpmpp2sAncestral } from './samplers/dpmpp-2s-ancestral';
export { dpmppSde, type DpmppSdeOptions } from './samplers/dpmpp-sde';
export { edmAblation, type EdmAblationOptions } from './samplers/edm-ablation';
export { predictorCorrector, type PredictorCorrectorOptions } from './samplers/predictor-corrector';
export { progressiveDistillation } from './samplers/progressive-distillation';
export { heun } from './samplers/heun';
export { multistep, type MultistepOptions } from './samplers/multistep';
export { oneStep } from './samplers/one-step';
export { findSampler, samplers, type SamplerName } from './registry';
export { countCalls } from './models/count-calls';
export { dynamicThreshold, type DynamicThresholdOptions } from './models/dynamic-threshold';
export { fromDenoiser, type AnyDenoiser } from './models/from-denoiser';
export { fromJump, type AnyJumpFunction } from './models/from-jump';
export { guided } from './models/guided';
export { guidedJump } from './models/guided-jump';
export { initialNoise, stepNoise, type NoiseOptions } from './images/noise';
export { oneHotLabels } from './images/one-hot-labels';
export type { ImageModel } from './images/image-model';
export { sampleImages, type ImageBatch, type SampleImagesOptions } from './images/sample-images';
export { sampleRange, type SampleRangeOptions } from './images/sample-range';
export { shardRange, type ShardRange } from './images/shard-range';
export {
  searchTimePoints,
  timePointMethods,
  type TimePointEvaluation,
  type TimePointMethod,
  type TimePointMetric,
  type TimePointOptions,
  type TimePointResult,
} from './search/time-points';

// Zero-shot editing
export { edit, type EditOptions } from './editing/edit';
export { nearestInRange, type Constraint, type NearestInRangeOptions } from './editing/constraint';
export type { EditedImages, EditImagesOptions } from './editing/edit-images';
export { inpaint, inpaintConstraint, type InpaintOptions } from './editing/inpaint';
export { outpaint, outpaintCanvas, type Margins, type OutpaintOptions } from './editing/outpaint';
export { colorize, colorizeConstraint, greyWeights } from './editing/colorize';
export { reduceImages, superResolve, superResolveConstraint, type SuperResolveOptions } from './editing/super-resolve';
export { denoise, type DenoisedImages, type DenoiseOptions } from './editing/denoise';
export { estimateSigma } from './editing/estimate-sigma';
export {
  interpolateImages,
  interpolateLatents,
  type ImageInterpolationOptions,
  type InterpolationOptions,
} from './editing/interpolate';
export { invert } from './editing/invert';
export { slerp } from './editing/slerp';
export { strokeGuided, variations, type VariationsOptions } from './editing/stroke-guided';
export {
  editingPresets,
  editingSigmas,
  editingTasks,
  strengthToSigma,
  type EditingPreset,
  type EditingSigmasOptions,
  type EditingTask,
} from './editing/presets';
