export { fdLenet, type FdLenetOptions } from './node/fd-lenet';
export { loadLenet, type LoadLenetOptions } from './node/load-lenet';
