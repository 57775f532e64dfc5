export type { Batch, Dataset, HostBatch } from './dataset';
export { makeBatch, makeHostBatch, type BatchOptions } from './batches/make-batch';
export { batchAt, batchIndices, shuffledIndices, type BatchOrderOptions } from './batches/order';
export { drawFlips, flipHorizontally, flipVertically } from './batches/flips';
export { augmentImages, type AugmentedImages } from './augment/augment-images';
export {
  drawAugmentation,
  noAugmentation,
  type AugmentationRates,
  type DrawAugmentationOptions,
  type ImageAugmentation,
} from './augment/draw-augmentation';
export { augmentationLabels, augmentationLabelWidth } from './augment/labels';
export { fromBytes, toBytes } from './batches/pixels';
export { arrayDataset, loadIntoMemory, subset, take, type ArrayDatasetOptions } from './sources/array';
export { idxDataset, parseIdx, type IdxArray, type IdxDatasetOptions } from './sources/idx';
export { cifar10Dataset, cifar10LabelNames, parseCifar10, type Cifar10Records } from './sources/cifar10';
export { describeDataset, type DatasetDescription } from './describe-dataset';
export { imageGrid, type ImageGridOptions, type PixelImage } from './image-grid';
export type { Pairs, PairsBatch, PairsDescription, PairsOrigin } from './pairs/pairs';
export { pairBatches } from './pairs/pair-batches';
