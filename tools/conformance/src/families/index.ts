import type { Family } from '../family';
import { averages } from './averages';
import { editing } from './editing';
import { imageOperations } from './image-operations';
import { consistencyLosses } from './losses/consistency-losses';
import { continuousTimeLosses } from './losses/continuous-time-losses';
import { ectLosses } from './losses/ect-losses';
import { ictLosses } from './losses/ict-losses';
import { progressiveLosses } from './losses/progressive-losses';
import { teacherLosses } from './losses/teacher-losses';
import { featureMetrics } from './metrics/feature-metrics';
import { frechetMoments } from './metrics/frechet';
import { inceptionFeatures } from './metrics/inception';
import { inceptionScores } from './metrics/inception-score';
import { lpips } from './metrics/lpips';
import { networks } from './networks';
import { optimizers } from './optimizers';
import { samplerRuns } from './samplers/sampler-runs';
import { consistencyCurricula, ectMapping, ictCurricula } from './schedules/curricula';
import { diffusersScheduler } from './schedules/diffusers-scheduler';
import { noiseGrids } from './schedules/noise-grids';
import { preconditionings } from './schedules/preconditioning';
import { trigTimes } from './schedules/trig-times';
import { visitedLevels } from './schedules/visited-levels';

/** Every kind of golden file the runner reads. A new kind adds its file in this folder and its line here. */
export const families: readonly Family[] = [
  noiseGrids,
  preconditionings,
  consistencyCurricula,
  ictCurricula,
  ectMapping,
  visitedLevels,
  trigTimes,
  diffusersScheduler,
  samplerRuns,
  editing,
  networks,
  imageOperations,
  consistencyLosses,
  teacherLosses,
  progressiveLosses,
  ectLosses,
  ictLosses,
  continuousTimeLosses,
  optimizers,
  averages,
  featureMetrics,
  frechetMoments,
  inceptionScores,
  inceptionFeatures,
  lpips,
];
