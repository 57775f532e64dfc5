import { tf, type Tensor } from '@onestep/tensor';
import { adamDefaults, momentRates, moveTowards, zeroGroups, type AdamOptions, type Optimizer } from './optimizer';

/** Options of {@link radam}. */
export interface RadamOptions extends AdamOptions {
  /**
   * `torch` (default): a plain momentum step while rho_t <= 5, coupled (L2) decay.
   * `original`: the authors' code, no step at all while rho_t < 5 (unless `momentumFallback`), decoupled decay.
   */
  readonly form?: 'torch' | 'original' | undefined;
  /** With `form: 'original'`: take the plain momentum step in the first steps after all; default false. */
  readonly momentumFallback?: boolean | undefined;
}

/**
 * rho_t and the rectification of RAdam after `step` + 1 steps.
 *
 * @param step - steps done before this one, from 0
 * @param beta2 - decay rate of the second moment, (0, 1)
 * @returns `rho` and `rectification`, the latter 0 where rho <= 5 and the variance is intractable
 * @see Liu et al. 2020, Algorithm 2
 */
export function radamRectification(
  step: number,
  beta2: number,
): { readonly rho: number; readonly rectification: number } {
  const power = beta2 ** (step + 1);
  const rhoMax = 2 / (1 - beta2) - 1;
  const rho = rhoMax - (2 * (step + 1) * power) / (1 - power);
  if (rho <= 5) return { rho, rectification: 0 };
  const ratio = ((rho - 4) * (rho - 2) * rhoMax) / ((rhoMax - 4) * (rhoMax - 2) * rho);
  return { rho, rectification: Math.sqrt(ratio) };
}

/**
 * RAdam: Adam whose step is scaled by the rectification of the second moment's variance, and is a plain momentum step
 * as long as that variance is intractable.
 *
 * theta <- theta - m (momentumStep + adaptiveStep / (sqrt(v) + epsilon)), where one of the two steps is zero: the same
 * operations serve both phases, so a traced step need not branch.
 *
 * @throws {@link RangeError} if an option is out of range
 * @remarks Epsilon is added before the bias correction of the second moment, as in torch.optim and in the original.
 * @see Liu et al. 2020, "On the variance of the adaptive learning rate and beyond"; torch.optim.RAdam
 */
export function radam(options: RadamOptions = {}): Optimizer {
  const { betas, epsilon, weightDecay } = adamDefaults('radam', options);
  const original = options.form === 'original';
  const momentumFallback = !original || (options.momentumFallback ?? false);
  const decays = weightDecay > 0;
  const groups = ['m', 'v'];
  return {
    name: original ? 'radam-original' : 'radam',
    groups,
    init: (params) => zeroGroups(groups, params),
    scalars(step, learningRate) {
      const correction1 = 1 - betas[0] ** (step + 1);
      const correction2 = Math.sqrt(1 - betas[1] ** (step + 1));
      const { rectification } = radamRectification(step, betas[1]);
      const adaptive = rectification > 0;
      const moves = adaptive || momentumFallback;
      return {
        adaptiveStep: adaptive ? (learningRate * rectification * correction2) / correction1 : 0,
        momentumStep: !adaptive && momentumFallback ? learningRate / correction1 : 0,
        ...(original && decays ? { keep: moves ? 1 - learningRate * weightDecay : 1 } : {}),
      };
    },
    update(params, grads, state, scalars) {
      const rates = momentRates(betas);
      const guard = tf.scalar(epsilon);
      const decay = !original && decays ? tf.scalar(weightDecay) : undefined;
      const next: Record<string, Record<string, Tensor>> = { m: {}, v: {} };
      const moved: Record<string, Tensor> = {};
      for (const key of Object.keys(params)) {
        const start = original && decays ? tf.mul(params[key], scalars.keep) : params[key];
        const grad = decay === undefined ? grads[key] : tf.add(grads[key], tf.mul(start, decay));
        const m = moveTowards(state.m[key], grad, rates.first);
        const v = moveTowards(state.v[key], tf.square(grad), rates.second);
        const size = tf.add(tf.div(scalars.adaptiveStep, tf.add(tf.sqrt(v), guard)), scalars.momentumStep);
        moved[key] = tf.sub(start, tf.mul(m, size));
        next.m[key] = m;
        next.v[key] = v;
      }
      return { params: moved, state: next };
    },
  };
}
