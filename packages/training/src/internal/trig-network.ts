import type { Condition } from '@onestep/core';
import { tf, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { Model } from '../objectives/objective';

/** A model's network in the coordinates of TrigFlow. */
export interface TrigNetwork {
  /** Std of the data, from the model's preconditioning. */
  readonly sigmaData: number;
  /** F(u, t) at u = x_t / sigmaData `[B, ...]` and sigma = sigmaData tan(t) `[B]`, so that dx_t/dt = sigmaData F. */
  readonly apply: (u: Tensor, sigma: Tensor1D, condition: Condition) => Tensor;
}

const known = ['trigflow', 'edm'];

/**
 * Reads a model as a TrigFlow network. EDM's is one in other coordinates: u is cIn x in both, and F_trig = -F_edm.
 *
 * @throws TypeError if the preconditioning is neither `trigflow` nor `edm`
 */
export function trigNetwork(where: string, { network, preconditioning }: Model): TrigNetwork {
  const { name, config, at, tensors } = preconditioning;
  if (!known.includes(name)) {
    throw new TypeError(`${where}: needs a student with preconditioning ${known.join(' or ')}, got "${name}".`);
  }
  // D = cos(t) x_t - sin(t) sigmaData F: whoever adds F instead has the other sign inside.
  const turned = at(1).cOut > 0;
  return {
    sigmaData: Number(config.sigmaData),
    apply(u, sigma, condition) {
      const output = network(u, { ...condition, cNoise: tensors(sigma).cNoise });
      return turned ? tf.neg(output) : output;
    },
  };
}
