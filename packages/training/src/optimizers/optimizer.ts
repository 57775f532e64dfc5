import { tf, type HostTensor, type Params, type Scalar } from '@onestep/tensor';

/** State of an optimizer by role, for example `{ m, v }`; each group has the names of the parameters. */
export type OptimizerState = Readonly<Record<string, Params>>;

/** The same in host memory. */
export type HostGroups = Readonly<Record<string, Readonly<Record<string, HostTensor>>>>;

/**
 * A functional optimizer. What changes from step to step (learning rate, bias corrections, rectification) enters
 * `update` as scalar tensors, computed by `scalars` in double precision, so that a step traced once serves for all.
 */
export interface Optimizer {
  readonly name: 'adam' | 'adamw' | 'radam' | 'radam-original';
  /** Names of the state groups. */
  readonly groups: readonly string[];
  /** Zero state for parameters of these shapes. */
  init(params: Readonly<Record<string, { readonly shape: readonly number[] }>>): HostGroups;
  /**
   * The numbers of one step.
   *
   * @param step - optimizer steps done before this one, from 0
   * @param learningRate - of this step
   */
  scalars(step: number, learningRate: number): Readonly<Record<string, number>>;
  /**
   * One step: new parameters and new state; frees neither its arguments nor its intermediates, so call it inside a tidy.
   *
   * @param scalars - the numbers of {@link Optimizer.scalars} as tensors
   */
  update(
    params: Params,
    grads: Params,
    state: OptimizerState,
    scalars: Readonly<Record<string, Scalar>>,
  ): { readonly params: Params; readonly state: OptimizerState };
}

/** Options that every optimizer of the Adam family takes. */
export interface AdamOptions {
  /** Decay rates of the first and second moment, each in [0, 1); default [0.9, 0.999]. */
  readonly betas?: readonly [number, number] | undefined;
  /** Added to the root of the second moment, > 0; default 1e-8. */
  readonly epsilon?: number | undefined;
  /** Weight decay >= 0; default 0. Its form depends on the optimizer. */
  readonly weightDecay?: number | undefined;
}

/** Checks the options once and fills in the defaults. */
export function adamDefaults(
  where: string,
  options: AdamOptions,
): Required<{ [K in keyof AdamOptions]: NonNullable<AdamOptions[K]> }> {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 } = options;
  betas.forEach((beta, i) => {
    if (!(beta >= 0 && beta < 1)) throw new RangeError(`${where}: betas[${i}] must be in [0, 1), got ${beta}.`);
  });
  if (!(epsilon > 0)) throw new RangeError(`${where}: epsilon must be > 0, got ${epsilon}.`);
  if (!(weightDecay >= 0)) throw new RangeError(`${where}: weightDecay must be >= 0, got ${weightDecay}.`);
  return { betas, epsilon, weightDecay };
}

/** Zero tensors in host memory for each group. */
export function zeroGroups(
  groups: readonly string[],
  params: Readonly<Record<string, { readonly shape: readonly number[] }>>,
): HostGroups {
  const state: Record<string, Record<string, HostTensor>> = {};
  for (const group of groups) {
    state[group] = {};
    for (const name of Object.keys(params).sort()) {
      const { shape } = params[name];
      const size = shape.reduce((product, length) => product * length, 1);
      state[group][name] = { dtype: 'float32', shape: [...shape], data: new Float32Array(size) };
    }
  }
  return state;
}

/** The fixed factors of the moment updates, uploaded once per step and shared by all parameters. */
export interface MomentRates {
  readonly first: Scalar;
  readonly second: Scalar;
}

/** 1 - beta for both moments. */
export function momentRates([beta1, beta2]: readonly [number, number]): MomentRates {
  return { first: tf.scalar(1 - beta1), second: tf.scalar(1 - beta2) };
}

/** average + rate (value - average): one rounding of the rate, so that the weights of old and new sum to one. */
export function moveTowards(average: tf.Tensor, value: tf.Tensor, rate: Scalar): tf.Tensor {
  return tf.add(average, tf.mul(tf.sub(value, average), rate));
}
