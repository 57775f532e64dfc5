export { openDataset } from './node/open-dataset';
export type { OpenDatasetOptions, Split } from './node/open-options';
export { datasetNames, type DatasetName } from './node/named-datasets';
export { encodePng, saveImageGrid } from './node/save-image-grid';
export { openPairs } from './node/open-pairs';
export { writePairs, type PairsChunk } from './node/write-pairs';
