import type { VectorSpace } from '@onestep/core';
import { checkChoice } from '../internal/check-choice';
import { checkInteger } from '../internal/check-integer';
import { checkSigmas } from '../internal/check-sigmas';
import { slope } from '../internal/linear-multistep';
import { stepOrder } from '../internal/step-order';
import { unipcWeights, type UnipcBFunction } from '../internal/unipc-weights';
import { walk, type Remembered } from '../internal/walk';
import type { Sampler } from '../sampler';

/** Options of {@link unipc}. */
export interface UnipcOptions {
  /** Order of the predictor, integer in [1, 3], default 3; the corrector adds one. */
  readonly order?: number | undefined;
  /** The method's free function: B(h) = e^h - 1 (`bh2`, default) or h (`bh1`). */
  readonly bFunction?: UnipcBFunction | undefined;
  /** What is interpolated: estimates of the image (`data`, default) or of the noise. */
  readonly predict?: 'data' | 'noise' | undefined;
  /** Whether the last steps lower their order, down to 1. Default true. */
  readonly lowerOrderFinal?: boolean | undefined;
  /** Whether the last step is corrected like the others, which costs a call; not in a step to 0. Default false. */
  readonly correctFinal?: boolean | undefined;
}

/**
 * UniPC: a multistep predictor over lambda = -ln sigma, and a corrector that costs no call, since it waits for the
 * estimate of the next step.
 *
 * Predictor: x^ = (sigmaNext / sigma) x - (e^-h - 1) D_i - B(h) sum_k rho_k (D_(i-k) - D_i) / r_k; corrector: the same sum with other
 * rho and with D(x^, sigmaNext) among the nodes. The last step is not corrected, save with `correctFinal`.
 *
 * `sigmas` ends with 0, or with a last level to stop at; a step to 0 is of order 1. NFE: one call per step, one more for
 * `correctFinal`.
 *
 * @remarks Each estimate stays the one at the predicted point, as in the paper. What `onStep` sees as `next` is the
 * prediction; the correction belongs to the step after. For `lowerOrderFinal` see `dpmpp-multistep`. diff-sampler corrects
 * the last step of a run that has fewer steps than the order.
 * @see Zhao et al. 2023, UniPC; zju-pi/diff-sampler `unipc_sampler`
 */
export const unipc: Sampler<UnipcOptions> = {
  name: 'unipc',
  order: 4,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas, correctFinal = false }) => sigmas.length - (correctFinal && sigmas[sigmas.length - 1] > 0 ? 0 : 1),
  async sample(model, start, { correctFinal = false, ...given }) {
    const { order = 3, bFunction = 'bh2', predict = 'data', lowerOrderFinal = true, ...options } = given;
    checkSigmas('unipc', options.sigmas, 2, true);
    checkInteger('unipc', 'order', order, 1, 3);
    checkChoice('unipc', 'bFunction', bFunction, ['bh1', 'bh2']);
    checkChoice('unipc', 'predict', predict, ['data', 'noise']);
    const numSteps = options.sigmas.length - 1;
    const ordersOf = (index: number): number => stepOrder(index, numSteps, order, lowerOrderFinal);
    /** Weights of the step from `used[0]` to `sigmaNext`, and the factor that turns them into x. */
    const weightsFor = (used: readonly { readonly sigma: number }[], sigmaNext: number) => {
      const levels = used.map(({ sigma }) => sigma);
      return { ...unipcWeights(levels, sigmaNext, predict, bFunction), unit: predict === 'data' ? -1 : -sigmaNext };
    };
    return walk({ ...unipc, memory: order }, model, start, options, async (step) => {
      const { index, sigma, sigmaNext, space, past, remember } = step;
      const denoised = await step.denoise(step.x, sigma);
      const newest = predict === 'data' ? denoised : slope(space, step.x, denoised, sigma);
      remember(newest);
      /** What the predictor reached from `used[0]`, corrected by the output there. */
      const correct = (
        predicted: typeof newest,
        used: readonly Remembered<typeof newest>[],
        level: number,
        atEnd: typeof newest,
      ) => {
        const { predictor, corrector, end, unit } = weightsFor(used, level);
        const changes = corrector.map((weight, k) => unit * (weight - predictor[k]));
        return plusDifferences(space, [1, predicted], used, changes, [unit * end, atEnd]);
      };
      const x = index === 0 ? step.x : correct(step.x, past.slice(0, ordersOf(index - 1)), sigma, newest);
      if (sigmaNext === 0) return predict === 'data' ? denoised : space.combine([1, x], [-sigma, newest]);
      const used = [{ sigma, value: newest }, ...past].slice(0, ordersOf(index));
      const { value, predictor, unit } = weightsFor(used, sigmaNext);
      const moved = [predict === 'data' ? sigmaNext / sigma : 1, x] as const;
      const predicted = plusDifferences(
        space,
        moved,
        used,
        predictor.map((weight) => unit * weight),
        [0, newest],
        unit * value,
      );
      if (!correctFinal || index + 1 < numSteps) return predicted;
      const last = await step.denoise(predicted, sigmaNext);
      return correct(predicted, used, sigmaNext, predict === 'data' ? last : slope(space, predicted, last, sigmaNext));
    });
  },
};

/** moved + value m_0 + sum_k weights_k (m_k - m_0) + end (m_end - m_0), m_0 the newest of `used`. */
function plusDifferences<X>(
  space: VectorSpace<X>,
  moved: readonly [number, X],
  used: readonly Remembered<X>[],
  weights: readonly number[],
  [end, atEnd]: readonly [number, X],
  value = 0,
): X {
  const own = value - end - weights.reduce((sum, weight) => sum + weight, 0);
  const others = weights.map((weight, k) => [weight, used[k + 1].value] as const);
  const last = end === 0 ? [] : [[end, atEnd] as const];
  return space.combine(moved, [own, used[0].value], ...others, ...last);
}
