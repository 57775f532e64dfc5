import { mapParams, paramNames, type Params } from '../params/params';
import { tf, type Tensor } from '../tf';
import { after } from './after';
import { vjp } from './vjp';

/**
 * Evaluates a block of a network without keeping its activations: the backward pass computes them again.
 *
 *     backward(dy) = vjp(fn, params, inputs')(dy),  inputs' = after(inputs, dy)
 *
 * Memory for a stack of such blocks falls from all activations to one tensor per block and the activations of one block,
 * at the price of a second forward pass.
 *
 * @param fn - pure, differentiable function of its arguments alone: what it closes over gets no gradient
 * @param params - the parameters `fn` uses and no others: each gets a gradient, of zeros if `fn` does not use it
 * @param inputs - its other tensors, at least one
 * @returns fn(params, inputs); the caller disposes it
 * @throws {@link RangeError} if `inputs` is empty
 * @remarks Values and gradients are those of a plain call. In a compiled graph the second pass is neither merged with the
 *   first nor computed before its gradient is there. `fn` must not differentiate by itself.
 * @see Chen et al. 2016, "Training deep nets with sublinear memory cost"
 */
export function recomputed(
  fn: (params: Params, inputs: readonly Tensor[]) => Tensor,
  params: Params,
  inputs: readonly Tensor[],
): Tensor {
  if (inputs.length === 0) throw new RangeError('recomputed: needs at least one input, got none.');
  const names = paramNames(params);
  const evaluate = (tensors: readonly Tensor[]): Tensor => {
    const position = new Map(names.map((name, i) => [name, i]));
    const record = mapParams(params, (tensor, name) => tensors[position.get(name) ?? 0] ?? tensor);
    return tf.tidy(() => {
      const value = fn(record, tensors.slice(names.length));
      // The engine would take an argument that is the result as well for a loop.
      return tensors.includes(value) ? tf.clone(value) : value;
    });
  };
  const block = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const tensors = args as Tensor[];
    save(tensors);
    return {
      value: evaluate(tensors),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const late = saved.slice(names.length).map((input) => after(input, dy));
        const grads = vjp(evaluate, [...saved.slice(0, names.length), ...late], dy);
        tf.dispose(late);
        return grads;
      },
    };
  });
  return block(...names.map((name) => params[name]), ...inputs);
}
