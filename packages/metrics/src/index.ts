// Statistics of features
export { MomentStatistics, type MomentOptions, type MomentSums } from './statistics/moment-statistics';
export { decodeMoments, encodeMoments, type StoredMoments } from './statistics/moments-file';
export { momentNotes } from './statistics/moment-notes';

// Distances between sets
export { frechetDistance } from './frechet/frechet-distance';
export type { GaussianMoments } from './frechet/gaussian-moments';
export { frechetDistanceInfinity, type FrechetDistanceInfinityOptions } from './frechet/frechet-distance-infinity';
export { extrapolateToInfinity, type Extrapolation } from './frechet/extrapolate';
export {
  fullKernelDistance,
  kernelDistance,
  type KernelDistance,
  type KernelDistanceOptions,
  type SubsetIndices,
} from './kernel/kernel-distance';
export type { PolynomialKernel } from './kernel/polynomial-kernel';
export {
  densityCoverage,
  precisionRecall,
  type DensityCoverage,
  type DensityCoverageOptions,
  type PrecisionRecall,
  type PrecisionRecallOptions,
} from './manifold/manifold-scores';
export { slicedWasserstein, type SlicedWassersteinOptions } from './distances/sliced-wasserstein';
export { energyDistance, type EnergyDistanceOptions } from './distances/energy-distance';
export { rmse } from './distances/rmse';
export type { PointSet } from './distances/point-set';

// Scores of one set
export { inceptionScore, type InceptionScore, type InceptionScoreOptions } from './scores/inception-score';
export {
  euclideanPairs,
  pairwiseDiversity,
  randomPairs,
  type Pair,
  type PairDistances,
  type PairwiseDiversity,
  type PairwiseDiversityOptions,
} from './diversity/pairwise-diversity';
export {
  nearestNeighbours,
  nearestWithin,
  type NearestNeighbours,
  type NearestNeighboursOptions,
} from './neighbours/nearest-neighbours';
export {
  memorisation,
  type CalibratedMemorisation,
  type Memorisation,
  type MemorisationOptions,
} from './neighbours/memorisation';

// How certain a score is
export { bootstrapInterval, type BootstrapInterval, type BootstrapOptions } from './uncertainty/bootstrap-interval';
export { frechetInterval } from './uncertainty/frechet-interval';

// Evaluation: several metrics in one pass, with receipts
export { evaluate, needsReferenceRows, type EvaluateOptions, type ReferenceSource } from './evaluate/evaluate';
export { collectFeatures, type CollectOptions, type CompileNetwork } from './evaluate/collect-features';
export { scoreFeatures, type ScoreOptions } from './evaluate/score-features';
export {
  evaluationMetrics,
  isMomentMetric,
  metricOutputs,
  scoreName,
  type EvaluationMetric,
} from './evaluate/metric-names';
export { FeatureSet, type FeatureContent, type FeaturePlan, type ImageRange } from './evaluate/feature-set';
export { FeatureRows, type FeatureRowsOptions } from './evaluate/feature-rows';
export { decodeFeatures, encodeFeatures, type StoredFeatures } from './evaluate/feature-set-file';
export type { ByteImages, EvaluationImages, EvaluationSource } from './evaluate/byte-batches';
export type { EvaluationReference, ReferenceMoments } from './evaluate/reference';
export type { Floor, Generator, LenetReceipt, Receipt, Uncertainty } from './receipt';
export { decodeReceipts, encodeReceipts } from './receipts/receipt-file';
export { compareReceipts, type ReceiptComparison, type ReceiptDifference } from './receipts/compare-receipts';

// FD-LeNet; its shipped weights are loaded by `@onestep/metrics/node`
export { lenetDistance, type LenetDistanceOptions } from './lenet/lenet-distance';
export { lenetStatistics, type CompileFeatures, type LenetFeatureOptions } from './lenet/lenet-statistics';
export type { ImageSource } from './lenet/image-batches';
export { decodeLenet, type LenetFiles, type LenetModel } from './lenet/lenet-model';
export {
  lenetDatasets,
  lenetRecords,
  type LenetDataset,
  type LenetFile,
  type LenetRecord,
} from './lenet/lenet-records';
export {
  initLenet,
  lenetClasses,
  lenetFeatures,
  lenetFeatureWidth,
  lenetFlatWidth,
  lenetLogits,
  lenetShapes,
  type LenetDropout,
} from './lenet/network';

// Feature networks; published weights are loaded by `@onestep/metrics/node`
export type { FeatureNetwork } from './features/feature-network';
export {
  inceptionOutputs,
  inceptionV3,
  type InceptionOptions,
  type InceptionOutput,
} from './features/inception/inception-v3';
export { inceptionShapes } from './features/inception/inception-weights';
export { inceptionInputRules, type InceptionInputRule } from './features/inception/input-rules';
export { lenetNetwork } from './features/lenet-network';

// LPIPS
export { lpipsDistance } from './lpips/lpips-distance';
export { headShapes, lpipsModel, trunkShapes, type LpipsModel } from './lpips/lpips-model';
export { consistencyModelsLpips, lpipsScores, type LpipsOptions, type LpipsScores } from './lpips/lpips-network';
export { lpipsNets, type LpipsNet } from './lpips/trunks';
export { looksLike, type WeightRecord } from './weights/check-weights';

// Resizing and pooling, for feature networks of one's own
export { averagePoolInside, maxPool, type PoolWindow } from './layers/pooling';
export { resizeImages } from './resize/resize-images';
export { resizeMatrix, resizeRules, type ResizeRule } from './resize/resize-matrix';
