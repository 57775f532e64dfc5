import { tf, type Scalar, type Tensor } from '@onestep/tensor';
import { adamDefaults, momentRates, moveTowards, zeroGroups, type AdamOptions, type Optimizer } from './optimizer';

/** Options of {@link adam} and {@link adamw}. */
export interface AdamVariantOptions extends AdamOptions {
  /** Divides by the largest second moment seen so far; default false. */
  readonly amsgrad?: boolean | undefined;
}

/**
 * Adam: theta <- theta - learningRate mHat / (sqrt(vHat) + epsilon). Weight decay is the coupled (L2) form, added to
 * the gradient.
 *
 * @throws {@link RangeError} if an option is out of range
 * @remarks Both bias corrections are folded into one step size and into epsilon, which saves two operations per tensor.
 * @see Kingma & Ba 2015, Algorithm 1; torch.optim.Adam
 */
export function adam(options: AdamVariantOptions = {}): Optimizer {
  return adamFamily('adam', options, options.amsgrad ?? false);
}

/**
 * AdamW: Adam with decoupled decay, theta <- (1 - learningRate weightDecay) theta before the Adam step.
 *
 * @throws {@link RangeError} if an option is out of range
 * @see Loshchilov & Hutter 2019, Algorithm 2; torch.optim.AdamW
 */
export function adamw(options: AdamVariantOptions = {}): Optimizer {
  return adamFamily('adamw', options, options.amsgrad ?? false);
}

function adamFamily(name: 'adam' | 'adamw', options: AdamOptions, amsgrad: boolean): Optimizer {
  const { betas, epsilon, weightDecay } = adamDefaults(name, options);
  const decoupled = name === 'adamw';
  const groups = amsgrad ? ['m', 'v', 'vMax'] : ['m', 'v'];
  return {
    name,
    groups,
    init: (params) => zeroGroups(groups, params),
    scalars(step, learningRate) {
      const correction1 = 1 - betas[0] ** (step + 1);
      const correction2 = Math.sqrt(1 - betas[1] ** (step + 1));
      return {
        stepSize: (learningRate * correction2) / correction1,
        epsilon: epsilon * correction2,
        ...(decoupled && weightDecay > 0 ? { keep: 1 - learningRate * weightDecay } : {}),
      };
    },
    update(params, grads, state, scalars) {
      const rates = momentRates(betas);
      const next: Record<string, Record<string, Tensor>> = { m: {}, v: {}, ...(amsgrad ? { vMax: {} } : {}) };
      const moved: Record<string, Tensor> = {};
      const decay: Scalar | undefined = !decoupled && weightDecay > 0 ? tf.scalar(weightDecay) : undefined;
      for (const key of Object.keys(params)) {
        const start = decoupled && weightDecay > 0 ? tf.mul(params[key], scalars.keep) : params[key];
        const grad = decay === undefined ? grads[key] : tf.add(grads[key], tf.mul(start, decay));
        const m = moveTowards(state.m[key], grad, rates.first);
        const v = moveTowards(state.v[key], tf.square(grad), rates.second);
        const scale = amsgrad ? tf.maximum(state.vMax[key], v) : v;
        const direction = tf.div(m, tf.add(tf.sqrt(scale), scalars.epsilon));
        moved[key] = tf.sub(start, tf.mul(direction, scalars.stepSize));
        next.m[key] = m;
        next.v[key] = v;
        if (amsgrad) next.vMax[key] = scale;
      }
      return { params: moved, state: next };
    },
  };
}
