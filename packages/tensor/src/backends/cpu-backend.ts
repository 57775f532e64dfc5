import type { BackendLoader } from './backend-loader';

/** Plain JavaScript: slow, everywhere, and the reference in tests. */
export const cpuBackend: BackendLoader = {
  name: 'cpu',
  engineName: 'cpu',
  probe: () => Promise.resolve(undefined),
  load: async () => {
    await import('@tensorflow/tfjs-backend-cpu');
  },
};
