import {
  preconditioned,
  preconditionedJump,
  type ApplyOptions,
  type JumpFunction,
  type Network,
  type Preconditioning,
} from '@onestep/core';
import type { Params } from '@onestep/tensor';
import type { Model } from '../objectives/objective';

/**
 * Makes a network callable in every form an objective asks for.
 *
 * @param network - the raw F
 * @param preconditioning - of its weights
 * @param options - of every forward pass
 * @returns for given weights (and what the objective learns beside them) a {@link Model}
 */
export function modelOf(
  network: Pick<Network, 'apply' | 'outputWeight'>,
  preconditioning: Preconditioning,
  options?: ApplyOptions,
): (params: Params, auxiliary?: Params) => Model {
  const denoiser = preconditioned(network, preconditioning, options);
  const jump = preconditioning.jump && preconditionedJump(network, preconditioning, options);
  const withParams = (params: Params, auxiliary: Params = {}): Model => ({
    denoise: denoiser(params),
    jump: jump === undefined ? noJump(preconditioning) : jump(params),
    network: (x, conditioning) => network.apply(params, x, conditioning, options),
    preconditioning,
    params,
    auxiliary,
    outputWeight: network.outputWeight,
    withParams: (others) => withParams(others, auxiliary),
  });
  return withParams;
}

function noJump({ name }: Preconditioning): JumpFunction {
  return () => {
    throw new TypeError(`jump: the preconditioning "${name}" describes no jumps, expected ctm or meanflow.`);
  };
}
