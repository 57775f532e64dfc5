export type { ApplyOptions, Conditioning, Network } from './network';
export {
  consistencyFromJump,
  preconditioned,
  preconditionedJump,
  type Condition,
  type ConsistencyFunction,
  type Denoiser,
  type JumpFunction,
} from './denoiser';
export { perImage } from './per-image';
export { float64Space, tensorSpace, type ErrorScale, type VectorSpace } from './vector-space';

// Noise grids and schedules
export { rectifiedFlowSigmas } from './schedules/rectified-flow';
export { appendZero, karrasSigmas, type KarrasOptions, type SigmaRange } from './schedules/karras';
export { exponentialSigmas, polyexponentialSigmas, type PolyexponentialOptions } from './schedules/exponential';
export { vpSigmas, type VpSigmasOptions } from './schedules/vp';
export { iddpmSigmas, type IddpmOptions } from './schedules/iddpm';
export {
  discretizationSigmas,
  vpLawThrough,
  type DiscretizationName,
  type DiscretizationOptions,
} from './schedules/discretization';
export {
  linearSchedule,
  rectifiedFlowSchedule,
  trigSchedule,
  veSchedule,
  vpSchedule,
  type NoiseSchedule,
  type VpOptions,
} from './schedules/noise-schedule';
export { ancestralStep, type AncestralStep } from './schedules/ancestral';
export { ddimTimesteps, linearBetaSigmas, type DdimOptions, type LinearBetaOptions } from './schedules/ddim';
export {
  consistencySchedulerGrid,
  type ConsistencySchedulerGrid,
  type ConsistencySchedulerOptions,
} from './schedules/consistency-scheduler';
export {
  sigmaToTrigTime,
  trigProposalTimes,
  trigTimeToSigma,
  type TrigOptions,
  type TrigProposalOptions,
} from './schedules/trigflow';
export { lognormalSigma, type LognormalOptions, type SigmaDistribution } from './sigma-distributions/lognormal';

// Preconditioning
export type {
  Coefficients,
  JumpCoefficients,
  Preconditioning,
  PreconditioningName,
} from './preconditioning/preconditioning';
export type { NoiseEmbedding } from './preconditioning/noise-embedding';
export { edmPreconditioning, type EdmPreconditioningOptions } from './preconditioning/edm';
export { consistencyPreconditioning } from './preconditioning/consistency';
export { vpPreconditioning, type VpPreconditioningOptions } from './preconditioning/vp';
export { vePreconditioning } from './preconditioning/ve';
export { iddpmPreconditioning } from './preconditioning/iddpm';
export { trigflowPreconditioning, type TrigflowPreconditioningOptions } from './preconditioning/trigflow';
export {
  rectifiedFlowPreconditioning,
  type RectifiedFlowPreconditioningOptions,
} from './preconditioning/rectified-flow';
export { ctmPreconditioning } from './preconditioning/ctm';
export { meanflowPreconditioning, type MeanflowPreconditioningOptions } from './preconditioning/meanflow';
export { preconditioningFromConfig, type PreconditioningRecord } from './preconditioning/from-config';

// Probability-flow ODE and solvers
export { pfOdeDerivative, scheduledPfOdeDerivative, type ScalarDenoiser, type ScheduledPfOde } from './ode/pf-ode';
export type { Solver } from './solvers/solver';
export { eulerSolver, eulerStep, eulerStepPerImage } from './solvers/euler';
export { heunSolver, heunStep, heunStepPerImage } from './solvers/heun';
export { solverFromName } from './solvers/from-name';

// Distances and weightings
export { namedDistance, type Distance } from './distances/distance';
export { l1Distance } from './distances/l1';
export { l2Distance } from './distances/l2';
export { ictHuberConstant, pseudoHuberDistance, type PseudoHuberOptions } from './distances/pseudo-huber';
export { distanceFromName, type DistanceName } from './distances/from-name';
export { weighting, type Weighting, type WeightingName } from './weightings/weighting';

// Curricula
export {
  consistencyCurriculum,
  type ConsistencyCurriculumOptions,
  type CurriculumValues,
} from './curricula/consistency';
export {
  drawIntervals,
  ictNumScales,
  lognormalIntervals,
  type IctCurriculumOptions,
  type LognormalIntervalsOptions,
} from './curricula/ict';
export {
  ectPair,
  ectRatio,
  ectStage,
  type EctMappingOptions,
  type EctStageOptions,
  type SigmaPair,
} from './curricula/ect';

// Test bed: data whose denoiser is known exactly
export { gaussianFlow, type GaussianFlow, type GaussianFlowOptions } from './testbed/gaussian-flow';
export { gaussianMixture, type GaussianMixture, type GaussianMixtureOptions } from './testbed/gaussian-mixture';
export {
  drawMixture,
  type DrawMixtureOptions,
  isTestMixture,
  testMixtures,
  type TestMixtureName,
} from './testbed/test-mixtures';
