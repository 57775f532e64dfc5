import { tf } from '@onestep/tensor';
import { requireTeacher, type Objective } from './objective';
import { scmObjective, type ScmObjectiveOptions } from './scm';

/**
 * Continuous-time consistency distillation (sCD): as {@link sctObjective}, along the teacher's trajectory.
 *
 * dx_t/dt = (cos(t) x_t - D_teacher(x_t / cos(t), sigma)) / sin(t), which is sigmaData F_teacher
 *
 * Draws: `noise [B, ...]`, unit normal; `sigma [B]`, lognormal, clipped to [sigmaMin, sigmaMax]; `tangentWarmup [B]`, r.
 *
 * @param options - as for {@link sctObjective}
 * @throws {@link RangeError} and {@link TypeError} as {@link sctObjective}, and from `targets` if there is no teacher
 * @remarks The teacher is any denoiser, whatever its preconditioning or guidance; it never sees dropout. The quotient
 *   cancels as t goes to 0: rounding of x enters dx_t/dt divided by sin(t), which is why draws end at sigmaMin (with the
 *   defaults sin(t) >= 0.004 and the error stays below 1e-4). Towards pi/2 nothing cancels, for cos(t) and sin(t) come from
 *   sigma, not from t.
 * @see Lu and Song 2024, Algorithm 1
 */
export function scdObjective(options: ScmObjectiveOptions = {}): Objective {
  return scmObjective('scd', options, {
    teacher: 'frozen',
    velocity(models, { condition }, { x, sigma, cos, sin }) {
      const denoised = requireTeacher('scdObjective', models)(x, sigma, { ...condition, dropout: undefined });
      return tf.div(tf.sub(tf.mul(x, tf.square(cos)), denoised), sin);
    },
  });
}
