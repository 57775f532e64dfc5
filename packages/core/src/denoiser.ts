import { tf, type Params, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { ApplyOptions, Conditioning, Network } from './network';
import type { Coefficients, Preconditioning } from './preconditioning/preconditioning';
import { perImage } from './per-image';

/** What a model may be conditioned on beside the noise level. */
export type Condition = Omit<Conditioning, 'cNoise' | 'cNoise2'>;

/** D(x, sigma): estimate of the clean image. `x [B, ...]`, `sigma [B]`. */
export type Denoiser = (x: Tensor, sigma: Tensor1D, condition?: Condition) => Tensor;

/** f(x, sigma): maps any point of a trajectory to its origin, f(x, sigmaMin) = x. Same shapes as {@link Denoiser}. */
export type ConsistencyFunction = Denoiser;

/** CTM's G(x, sigma, s): from noise level sigma to any s <= sigma. */
export type JumpFunction = (x: Tensor, sigma: Tensor1D, s: Tensor1D, condition?: Condition) => Tensor;

/**
 * Wraps a raw network into a denoiser or consistency function (which of the two, the preconditioning decides):
 * D(x, sigma) = cSkip x + cOut F(cIn x, cNoise).
 *
 * @param network - the raw F
 * @param preconditioning - coefficients as functions of sigma
 * @param options - passed on to every forward pass
 * @returns for given weights, a pure function of tensors
 */
export function preconditioned(
  network: Pick<Network, 'apply'>,
  preconditioning: Preconditioning,
  options?: ApplyOptions,
): (params: Params) => Denoiser {
  return (params) => {
    const apply = (x: Tensor, conditioning: Conditioning): Tensor => network.apply(params, x, conditioning, options);
    return (x, sigma, condition) => tf.tidy(() => wrapped(preconditioning.tensors(sigma), apply, x, condition));
  };
}

/**
 * Wraps a raw network with a second time input into a jump: G(x, sigma, s) = cSkip x + cOut F(cIn x, cNoise, cNoise2).
 *
 * @param network - the raw F
 * @param preconditioning - one that has `jump` coefficients: `ctm` or `meanflow`
 * @param options - passed on to every forward pass
 * @returns for given weights, a pure function of tensors; s must not exceed sigma
 * @throws {@link TypeError} if the preconditioning describes no jumps
 */
export function preconditionedJump(
  network: Pick<Network, 'apply'>,
  preconditioning: Preconditioning,
  options?: ApplyOptions,
): (params: Params) => JumpFunction {
  const { jump } = preconditioning;
  if (jump === undefined) {
    throw new TypeError(`preconditionedJump: "${preconditioning.name}" describes no jumps, expected ctm or meanflow.`);
  }
  return (params) => {
    const apply = (x: Tensor, conditioning: Conditioning): Tensor => network.apply(params, x, conditioning, options);
    return (x, sigma, s, condition) => tf.tidy(() => wrapped(jump.tensors(sigma, s), apply, x, condition));
  };
}

/**
 * The consistency function of a jump: f(x, sigma) = G(x, sigma, sigmaMin).
 *
 * @param sigmaMin - where trajectories end, >= 0
 */
export function consistencyFromJump(jump: JumpFunction, sigmaMin: number): ConsistencyFunction {
  return (x, sigma, condition) => tf.tidy(() => jump(x, sigma, tf.fill([sigma.shape[0]], sigmaMin), condition));
}

function wrapped(
  { cSkip, cOut, cIn, cNoise, cNoise2 }: Coefficients<Tensor1D>,
  network: (x: Tensor, conditioning: Conditioning) => Tensor,
  x: Tensor,
  condition: Condition | undefined,
): Tensor {
  const times = cNoise2 === undefined ? { cNoise } : { cNoise, cNoise2 };
  const output = network(tf.mul(x, perImage(cIn, x)), { ...condition, ...times });
  return tf.add(tf.mul(x, perImage(cSkip, x)), tf.mul(output, perImage(cOut, output)));
}
