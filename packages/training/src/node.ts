export {
  bestStep,
  checkpointSteps,
  latestStep,
  loadCheckpoint,
  writeCheckpoint,
  type Retention,
} from './node/checkpoint-folder';
export { createRun, openRun, type Run } from './node/run';
export { loadModel, saveModel } from './node/model-files';
export { readEmaSnapshots, type NamedEmaSnapshot } from './node/ema-snapshots';
