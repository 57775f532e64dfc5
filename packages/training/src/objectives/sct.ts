import { tf } from '@onestep/tensor';
import type { Objective } from './objective';
import { scmObjective, type ScmObjectiveOptions } from './scm';

/**
 * Continuous-time consistency training (sCT): the consistency condition in the limit of neighbours, no grid, no teacher.
 *
 * The tangent of the student along the straight path, dx_t/dt = cos(t) sigmaData n - sin(t) x0, becomes its target:
 * e^w / d |F(u, t) - sg F(u, t) - g|^2 - w, with g as {@link ScmObjectiveOptions} normalises it and w(t) learned.
 *
 * Draws: `noise [B, ...]`, unit normal; `sigma [B]`, lognormal, clipped to [sigmaMin, sigmaMax]; `tangentWarmup [B]`, r.
 *
 * @param options - `pMean`, `pStd`, `sigmaMin`, `sigmaMax`, `tangentWarmupSteps`, `tangentNormalisation`, `tangentC`,
 *   `adaptiveWeighting`
 * @throws {@link RangeError} if an option is out of range; `targets` throws {@link TypeError} if the student's
 *   preconditioning is neither `trigflow` nor `edm`
 * @remarks The weight 1 / tan(t) of the paper is already inside g. The proposal of the paper reaches every t in (0, pi/2);
 *   here it is clipped to the levels sampling uses, about one draw in 6,000 with the defaults.
 * @see Lu and Song 2024, Algorithm 1
 */
export function sctObjective(options: ScmObjectiveOptions = {}): Objective {
  return scmObjective('sct', options, {
    teacher: 'none',
    velocity: (_, { images, draws }, { cos, sin, sigmaData }) =>
      tf.sub(tf.mul(draws.noise, tf.mul(cos, sigmaData)), tf.mul(images, sin)),
  });
}
