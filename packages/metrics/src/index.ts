// Statistics of features
export { MomentStatistics, type MomentOptions, type MomentSums } from './statistics/moment-statistics';
export { decodeMoments, encodeMoments, type StoredMoments } from './statistics/moments-file';

// Distances between sets
export { frechetDistance } from './frechet/frechet-distance';
export type { GaussianMoments } from './frechet/gaussian-moments';
export { slicedWasserstein, type SlicedWassersteinOptions } from './distances/sliced-wasserstein';
export { energyDistance, type EnergyDistanceOptions } from './distances/energy-distance';
export { rmse } from './distances/rmse';
export type { PointSet } from './distances/point-set';

// FD-LeNet; its shipped weights are loaded by `@onestep/metrics/node`
export type { Receipt } from './receipt';
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
