import { stepLength } from './exponential-weights';
import { solve } from './solve';

/** The free function B(h) of UniPC, equal to h to first order. */
export type UnipcBFunction = 'bh1' | 'bh2';

/** What the two halves of a UniPC step add up, in units of the outputs. */
export interface UnipcWeights {
  /** Of the value: e^H - 1 with H = -h for data and h for noise prediction. */
  readonly value: number;
  /** Of the outputs before, newest first, each as its difference to the newest: the predictor's. */
  readonly predictor: readonly number[];
  /** The same for the corrector. */
  readonly corrector: readonly number[];
  /** Of the difference between the output at the step's end and the newest: the corrector's. */
  readonly end: number;
}

/**
 * Weights of a UniPC step: with nodes r_k = (lambda_(i-k) - lambda_i) / h and 1, the rho solve
 * sum_k rho_k r_k^(n-1) = n! phi_(n+1)(H) H / B(h), n = 1, 2, ...; the predictor has no node 1 and one equation less.
 *
 * @param levels - where the steps that are used began, newest first, this one's included
 * @param predict - `data` takes the estimates of the image, `noise` those of the noise
 * @see Zhao et al. 2023, UniPC, Algorithms 5 and 6
 */
export function unipcWeights(
  levels: readonly number[],
  sigmaNext: number,
  predict: 'data' | 'noise',
  bFunction: UnipcBFunction,
): UnipcWeights {
  const h = stepLength(levels[0], sigmaNext);
  const signed = predict === 'data' ? -h : h;
  const value = Math.expm1(signed);
  const b = bFunction === 'bh1' ? signed : value;
  const order = levels.length;
  const before = levels.slice(1).map((sigma) => -stepLength(sigma, levels[0]) / h);
  const nodes = [...before, 1];
  const powers = nodes.map((_, n) => nodes.map((node) => node ** n));
  const right = moments(signed, order).map((moment) => moment / b);
  // Two orders have a fixed solution that the references use in place of the exact one.
  const predictor =
    order === 2
      ? [0.5]
      : solve(
          powers.slice(0, -1).map((row) => row.slice(0, -1)),
          right.slice(0, -1),
        );
  const corrector = order === 1 ? [0.5] : solve(powers, right);
  const perNode = (rho: readonly number[]): number[] => before.map((node, k) => (b * rho[k]) / node);
  return { value, predictor: perNode(predictor), corrector: perNode(corrector), end: b * corrector[order - 1] };
}

/** n! phi_(n+1)(H) H for n = 1 ... count, from phi_1 H = e^H - 1. */
function moments(signed: number, count: number): number[] {
  const all: number[] = [];
  let phi = Math.expm1(signed) / signed - 1;
  for (let n = 1, factorial = 1; n <= count; n += 1) {
    all.push(phi * factorial);
    factorial *= n + 1;
    phi = phi / signed - 1 / factorial;
  }
  return all;
}
