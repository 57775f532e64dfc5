export { loadSafetensors, saveSafetensors } from './node/safetensors-file';
export { serveGradients, type GradientService } from './node/serve-gradients';
export { workerCrew, type WorkerCrewOptions } from './node/worker-crew';
