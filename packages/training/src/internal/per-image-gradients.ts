import { paramNames, tf, type Params, type Tensor, type Tensor1D } from '@onestep/tensor';

/**
 * Loss per image and the gradient of its mean.
 *
 * @param loss - pure function of the parameters with a result `[B]`
 * @param params - the point; a parameter the loss does not use gets a zero gradient
 * @param batchSize - B
 * @remarks Differentiates the vector with the cotangent 1 / B instead of its mean, so that the losses of the single
 * images come out of the same forward pass.
 */
export function perImageGradients(
  loss: (params: Params) => Tensor1D,
  params: Params,
  batchSize: number,
): { readonly perImage: Tensor1D; readonly grads: Params } {
  const names = paramNames(params);
  const inputs = names.map((name) => params[name]);
  const cotangent = tf.fill([batchSize], 1 / batchSize);
  // The engine hands the very tensors of `inputs` to the function, so the record itself can be passed on.
  const { value, grads } = tf.engine().gradients(() => loss(params), inputs, cotangent, true);
  const record: Record<string, Tensor> = {};
  names.forEach((name, i) => (record[name] = grads[i] ?? tf.zerosLike(inputs[i])));
  return { perImage: value as Tensor1D, grads: record };
}
