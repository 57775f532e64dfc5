import { tf, type Tensor } from '../tf';

/** The kernel behind {@link after}; a graph compiler gives it a lowering under this name. */
const kernelName = 'OnestepAfter';

tf.registerGradient({
  kernelName,
  gradFunc: (dy, _, attrs) => ({
    // A copy (of the handle, not the data): the engine frees gradients one by one.
    x: () => tf.clone(dy as Tensor),
    dependency: () => tf.zeros(attrs.dependencyShape as number[]),
  }),
});

/**
 * The tensor itself, ordered after another: what is computed from the result comes after `dependency` is there. Executed op
 * by op this order is given anyway; in a compiled graph, where the order is otherwise free and equal computations are
 * done once, the result is a value of its own that nothing may compute earlier.
 *
 * @param x - any tensor
 * @param dependency - any tensor; its elements do not matter, not even if they are infinite or NaN
 * @returns `x` under a new name, sharing its data; the caller disposes it
 * @remarks The gradient with respect to `x` passes through, that with respect to `dependency` is zero.
 */
export function after<T extends Tensor>(x: T, dependency: Tensor): T {
  registerIdentity();
  // The kernel keeps shape and dtype, which the engine's types cannot say.
  return tf.engine().runKernel<T>(kernelName, { x, dependency }, { dependencyShape: dependency.shape });
}

/** Registers the kernel on the current backend, whichever it is, unless that brings one of its own. */
function registerIdentity(): void {
  const { backendName } = tf.engine();
  if ((tf.getKernel(kernelName, backendName) as tf.KernelConfig | undefined) !== undefined) return;
  tf.registerKernel({
    kernelName,
    backendName,
    // Every backend counts the users of its data, so that they can be shared.
    kernelFunc: ({ inputs, backend }) => {
      const x = inputs.x as tf.TensorInfo;
      (backend as { incRef(dataId: object): void }).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
}
