import * as tf from '@tensorflow/tfjs-core';

/**
 * The weights of one network (or their gradients, moments, averages): a flat record of dotted names,
 * sorted, the same in memory and in safetensors files. Owned by whoever made it: call {@link disposeParams}.
 */
export type Params = Readonly<Record<string, tf.Tensor>>;

/** Names of a record in the canonical order (by UTF-16 code unit, as `Array.prototype.sort`). */
export function paramNames(params: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(params).sort();
}

/**
 * Builds a record with the same names, in canonical order.
 *
 * @param params - source record
 * @param map - called once per tensor with its name; its result belongs to the new record
 */
export function mapParams<T, U>(
  params: Readonly<Record<string, T>>,
  map: (value: T, name: string) => U,
): Record<string, U> {
  const mapped: Record<string, U> = {};
  for (const name of paramNames(params)) mapped[name] = map(params[name], name);
  return mapped;
}

/** Copies every tensor (the data may be shared until one of the two is disposed). */
export function cloneParams(params: Params): Params {
  return mapParams(params, (tensor) => tensor.clone());
}

/** Frees every tensor of the record; disposing twice does no harm. */
export function disposeParams(params: Params): void {
  for (const tensor of Object.values(params)) if (!tensor.isDisposed) tensor.dispose();
}

/** Number of scalars in the record. */
export function countParams(params: Params): number {
  return Object.values(params).reduce((sum, tensor) => sum + tensor.size, 0);
}

/**
 * Value and gradients of a scalar function of parameters.
 *
 * @param loss - pure function of the parameters; a parameter it does not use gets a zero gradient
 * @param params - the point
 * @returns the value and a record of gradients with the same names; the caller disposes both
 * @throws Error if `loss` does not return a scalar
 */
export function valueAndGrads(
  loss: (params: Params) => tf.Scalar,
  params: Params,
): { readonly value: tf.Scalar; readonly grads: Params } {
  const names = paramNames(params);
  const inputs = names.map((name) => params[name]);
  return tf.tidy(() => {
    const record = (tensors: readonly tf.Tensor[]): Params => {
      const entries: Record<string, tf.Tensor> = {};
      names.forEach((name, i) => (entries[name] = tensors[i]));
      return entries;
    };
    // allowNoGradients: an unused parameter (a label embedding without labels) must not throw.
    const { value, grads } = tf.engine().gradients(() => loss(record(inputs)), inputs, undefined, true);
    return {
      value: value,
      grads: record(grads.map((grad, i) => grad ?? tf.zerosLike(inputs[i]))),
    };
  });
}
