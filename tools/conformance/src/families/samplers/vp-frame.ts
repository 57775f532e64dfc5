import { vpSchedule } from '@onestep/core';
import {
  dpmpp2s,
  dpmpp3s,
  dpmppMultistep,
  dpmSolver2,
  dpmSolver3,
  dpmSolverFast,
  dpmSolverMultistep,
  euler,
} from '@onestep/sampling';
import { MalformedCase, type Entry } from '../../golden-json';
import { onGrid, paramsOf, type SamplerCase } from './sampler-case';

/** The law of the runs of LuChengTHU/dpm-solver: linear beta from 0.1 to 20. */
const law = vpSchedule({ betaD: 19.9, betaMin: 0.1 });

/** Even in ln sigma (`logSNR`), in time (`time_uniform`) or in the root of time (`time_quadratic`). */
interface Clock {
  readonly of: (sigma: number) => number;
  readonly sigma: (reading: number) => number;
}

const clocks: Readonly<Record<string, Clock>> = {
  logSNR: { of: Math.log, sigma: Math.exp },
  time_uniform: { of: law.timeOf, sigma: law.sigma },
  time_quadratic: { of: (sigma) => Math.sqrt(law.timeOf(sigma)), sigma: (root) => law.sigma(root * root) },
};

/** All of LuChengTHU/dpm-solver goes by one golden name. */
export function dpmSolverVp(entry: Entry): SamplerCase {
  const params = paramsOf(entry);
  const range = [law.sigma(params.numberOr('t_start', 1)), law.sigma(params.numberOr('t_end', 1e-3))] as const;
  const method = params.text('method');
  const solverType = params.textOr('solver_type', 'dpmsolver');
  if (solverType !== 'dpmsolver' && solverType !== 'taylor') {
    throw new MalformedCase(`unknown solver_type "${solverType}"`);
  }
  const run = method === 'multistep' ? multistep(entry, range) : singleStep(entry, range);
  return inVpFrame(run, range, params.flagOr('denoise_to_zero', false));
}

/** `numSteps + 1` levels, descending. */
function levelsBetween([from, to]: readonly [number, number], numSteps: number, skipType: string): number[] {
  if (!Object.hasOwn(clocks, skipType)) throw new MalformedCase(`unknown skip_type "${skipType}"`);
  const { of, sigma } = clocks[skipType];
  const [first, last] = [of(from), of(to)];
  return Array.from({ length: numSteps + 1 }, (_, i) => {
    if (i === 0) return from;
    return i === numSteps ? to : sigma(first + (i / numSteps) * (last - first));
  });
}

/** The reference lowers the last orders in runs below 10 steps alone. */
function multistep(entry: Entry, range: readonly [number, number]): SamplerCase {
  const params = paramsOf(entry);
  const steps = entry.number('steps');
  const sampler = params.text('algorithm_type') === 'dpmsolver++' ? dpmppMultistep : dpmSolverMultistep;
  return onGrid(sampler, levelsBetween(range, steps, params.text('skip_type')), {
    order: params.number('order'),
    lowerOrderFinal: steps < 10 && params.flagOr('lower_order_final', true),
    solverType: params.textOr('solver_type', 'dpmsolver') === 'taylor' ? ('heun' as const) : ('midpoint' as const),
  });
}

/** `steps` is a budget of calls: `singlestep` spends all of it on steps of mixed orders, `singlestep_fixed` on equal ones. */
function singleStep(entry: Entry, range: readonly [number, number]): SamplerCase {
  const params = paramsOf(entry);
  const [method, skipType] = [params.text('method'), params.text('skip_type')];
  const ofData = params.text('algorithm_type') === 'dpmsolver++';
  const [order, steps] = [params.number('order'), entry.number('steps')];
  if (method !== 'singlestep' && method !== 'singlestep_fixed') throw new MalformedCase(`unknown method "${method}"`);
  if (params.textOr('solver_type', 'dpmsolver') !== 'dpmsolver') {
    throw new MalformedCase('no single-step method is known for the solver_type "taylor"');
  }
  if (method === 'singlestep' && !ofData && skipType === 'logSNR') {
    return onGrid(dpmSolverFast, [...range], { nfe: steps, maxOrder: order as 1 | 2 | 3 });
  }
  const orders = method === 'singlestep' ? mixedOrders(steps, order) : repeated(order, Math.floor(steps / order));
  // Levels are even in steps for ln sigma, in calls for time.
  const inCalls = method === 'singlestep' && skipType !== 'logSNR';
  const fine = levelsBetween(range, inCalls ? steps : orders.length, skipType);
  const before = (i: number): number => orders.slice(0, i).reduce((sum, o) => sum + o, 0);
  const levels = inCalls ? [...orders, 0].map((_, i) => fine[before(i)]) : fine;
  const runs = orders.map((own, i) => oneStep([levels[i], levels[i + 1]], own, { ofData, skipType }));
  return {
    async sample(model, x, options) {
      let at = x;
      for (const run of runs) {
        const next = await run.sample(model, at, options);
        if (at !== x) options.space.dispose(at);
        at = next;
      }
      return at;
    },
  };
}

const repeated = (order: number, count: number): number[] => new Array<number>(count).fill(order);

/** Orders whose sum is the budget; where steps of order 3 fit exactly, the last one is split in two. */
function mixedOrders(steps: number, order: number): number[] {
  const whole = Math.floor(steps / order);
  const rest = steps % order;
  if (rest > 0) return [...repeated(order, whole), rest];
  return order === 3 ? [...repeated(order, whole - 1), 2, 1] : repeated(order, whole);
}

/** One step; its inner levels divide it evenly by the clock of the run. */
function oneStep(
  interval: readonly [number, number],
  order: number,
  { ofData, skipType }: { readonly ofData: boolean; readonly skipType: string },
): SamplerCase {
  const inner = levelsBetween(interval, order, skipType);
  const fraction = (i: number): number => Math.log(interval[0] / inner[i]) / Math.log(interval[0] / interval[1]);
  switch (order) {
    case 1:
      return onGrid(euler, interval, {});
    case 2:
      return onGrid(ofData ? dpmpp2s : dpmSolver2, interval, { r: fraction(1) });
    case 3:
      return onGrid(ofData ? dpmpp3s : dpmSolver3, interval, { r1: fraction(1), r2: fraction(2) });
    default:
      throw new MalformedCase(`no single step of order ${order} is known`);
  }
}

/**
 * A run in VP coordinates, y = alpha x with alpha^2 (1 + sigma^2) = 1: it starts at y = z0, that is x = z0 / alpha, and ends
 * as alpha x, or as the image itself. Between, exponential integrators of y in lambda are those of x: lambda = -ln sigma in
 * both.
 */
function inVpFrame(run: SamplerCase, [first, last]: readonly [number, number], denoised: boolean): SamplerCase {
  const startLevel = Math.hypot(1, first);
  if (denoised) return { ...run, startLevel, denoisedAt: last };
  return {
    startLevel,
    async sample(model, x, options) {
      const result = await run.sample(model, x, options);
      try {
        return options.space.combine([1 / Math.hypot(1, last), result]);
      } finally {
        options.space.dispose(result);
      }
    },
  };
}
