import { after, mapParams, paramNames, tf, type Params, type Tensor, type Tensor1D } from '@onestep/tensor';

/** Result of one slice, or of all of them together: of a batch, or of a part of one. */
export interface SliceGradients {
  readonly perImage: Tensor1D;
  readonly grads: Params;
}

/**
 * Gradients of a batch in `count` slices, one after another: only one slice's activations live at a time, and the mean of
 * the slices' gradients is that of the batch, if no image's loss depends on another image.
 *
 * @param inputs - of the step; every tensor but the scalars begins with the batch
 * @param count - slices, a divisor of the batch
 * @param gradientsOf - loss per image and gradients of its mean, of a slice of `inputs`; called in a tidy of its own
 * @returns loss of all images and mean gradients; call inside a tidy
 * @throws {@link RangeError} if an input that is no scalar does not begin with the batch, or `count` does not divide it
 * @remarks Each slice but the first waits for all gradients of the one before it, so that a compiled graph cannot run
 * them side by side.
 */
export function inSlices(
  inputs: Params,
  count: number,
  gradientsOf: (slice: Params) => SliceGradients,
): SliceGradients {
  const run = (slice: Params): SliceGradients => tf.tidy(() => gradientsOf(slice) as never);
  if (count === 1) return run(inputs);
  checkBatched(inputs, count);
  const losses: Tensor1D[] = [];
  let sums: Params | undefined;
  for (let i = 0; i < count; i += 1) {
    const before = sums;
    const { perImage, grads } = tf.tidy(() => {
      const slice = mapParams(inputs, (tensor) => sliceOf(tensor, i, count));
      const waiting = before === undefined ? slice : waitingFor(before, slice);
      const own = run(waiting);
      return {
        perImage: own.perImage,
        grads: before === undefined ? own.grads : mapParams(own.grads, (grad, name) => tf.add(before[name], grad)),
      } as never;
    }) as SliceGradients;
    if (before !== undefined) tf.dispose(Object.values(before));
    losses.push(perImage);
    sums = grads;
  }
  return { perImage: tf.concat(losses, 0), grads: mapParams(sums ?? {}, (sum) => tf.div(sum, count)) };
}

function checkBatched(inputs: Params, count: number): void {
  const [batchSize] = inputs.images.shape;
  if (!Number.isInteger(batchSize / count)) {
    throw new RangeError(`makeTrainStep: accumulation must divide the batch of ${batchSize}, got ${count}.`);
  }
  for (const [name, { shape }] of Object.entries(inputs)) {
    if (shape.length > 0 && shape[0] !== batchSize) {
      throw new RangeError(
        `makeTrainStep: with accumulation every input begins with the batch of ${batchSize}, but "${name}" has shape [${shape.join(', ')}].`,
      );
    }
  }
}

function sliceOf(tensor: Tensor, index: number, count: number): Tensor {
  if (tensor.rank === 0) return tensor;
  const size = tensor.shape[0] / count;
  return tf.slice(tensor, [index * size], [size]);
}

/** The slice, ordered after every one of the gradients: one element of each is enough. */
function waitingFor(grads: Params, slice: Params): Params {
  const one = (name: string): Tensor => tf.slice(tf.reshape(grads[name], [-1]), [0], [1]);
  const barrier = tf.concat(paramNames(grads).map(one), 0);
  return mapParams(slice, (tensor) => (tensor.rank === 0 ? tensor : after(tensor, barrier)));
}
