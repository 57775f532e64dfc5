export { fdLenet, type FdLenetOptions } from './node/fd-lenet';
export { loadLenet, type LoadLenetOptions } from './node/load-lenet';
export {
  featureNetworkNames,
  loadFeatureNetwork,
  type FeatureNetworkName,
  type LoadFeatureNetworkOptions,
} from './node/load-feature-network';
export { loadLpips, type LoadLpipsOptions, type LpipsFiles } from './node/load-lpips';
export { cacheFolder } from './node/cache-folder';
export { fetchWeights, type FetchOptions } from './node/fetch-weights';
export { publishedInception, publishedLpips, type PublishedFile } from './node/published-weights';
