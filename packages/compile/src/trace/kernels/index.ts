import { creationKernels } from './creation';
import { elementwiseKernels } from './elementwise';
import type { KernelTable } from './kernel';
import { linearKernels } from './linear';
import { reduceKernels } from './reduce';
import { shapeKernels } from './shape';

/** Every TensorFlow.js kernel that can be traced. */
export const kernels: KernelTable = {
  ...elementwiseKernels,
  ...creationKernels,
  ...shapeKernels,
  ...reduceKernels,
  ...linearKernels,
};
