import { karrasSigmas } from '@onestep/core';
import { OnestepError } from '@onestep/tensor';
import { checkSigmas } from '../internal/check-sigmas';
import { goldenInterval, ternaryIndices, ternaryInterval, type Probe } from './minimize';

/** Ways to look for one more time point. */
export const timePointMethods = ['ternary', 'golden', 'grid'] as const;
/** One of {@link timePointMethods}. */
export type TimePointMethod = (typeof timePointMethods)[number];

/** How good a list of noise levels is; lower is better. It must draw the same noise for every list. */
export type TimePointMetric = (sigmas: readonly number[]) => number | Promise<number>;

/** A list of noise levels and its value. */
export interface TimePointEvaluation {
  /** Strictly decreasing, first sigmaMax. */
  readonly sigmas: readonly number[];
  readonly value: number;
}

/** Options of {@link searchTimePoints}. */
export interface TimePointOptions {
  /** Levels to end with, integer >= 1: the network calls of a multistep sampling. */
  readonly steps: number;
  /**
   * `ternary` (default) and `golden` assume one valley between neighbouring points and need O(log) evaluations;
   * `grid` tries every level.
   */
  readonly method?: TimePointMethod | undefined;
  /**
   * What a candidate may be: a level of `grid`, or anything between the ends, even in ln sigma (`log`) or in
   * sigma^(1/rho) (`karras`). Default `grid`, for `golden` `log`, which takes no grid.
   */
  readonly candidates?: 'grid' | 'log' | 'karras' | undefined;
  /**
   * Strictly decreasing, at least 3 levels; the ends are sigmaMax, which is always the first point, and sigmaMin, where f
   * is the identity. Default: the Karras grid of 40 levels.
   */
  readonly grid?: readonly number[] | undefined;
  /** Ends of the range, where no grid is given; default 0.002 and 80. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  /** Of the default grid and of `karras`, > 0; default 7. */
  readonly rho?: number | undefined;
  /** Between the ends: width at which an interval is narrow enough, as a share of the range, in (0, 1); default 0.01. */
  readonly tolerance?: number | undefined;
  /** Points that stay, from an earlier search, beginning with sigmaMax; default sigmaMax alone. */
  readonly start?: readonly number[] | undefined;
  /** Called after every evaluation. */
  readonly onEvaluation?: ((evaluation: TimePointEvaluation, index: number) => void) | undefined;
}

/** What {@link searchTimePoints} found. */
export interface TimePointResult extends TimePointEvaluation {
  /** All that the metric was asked, in order; no list twice. */
  readonly evaluations: readonly TimePointEvaluation[];
}

/**
 * Searches the noise levels of multistep sampling: greedily, one point at a time. Each new point is looked for between
 * every two neighbours, and the best one found stays.
 *
 * @param metric - lower is better; the same list must give the same value, which takes the same noise for every list
 * @param options - `steps`; `method`, `candidates`, `grid` or range, `tolerance`, `start`, `onEvaluation`
 * @returns the levels, their value, and every evaluation; the best of all that was evaluated with that many steps and
 *   the points before
 * @throws {@link RangeError} for options out of range, or more steps than the grid has levels for
 * @throws OnestepError `non-finite` if the metric gives NaN or an infinity, naming the levels
 * @remarks Adding point k + 1 costs k searches: with N grid levels at most k (2 log_1.5(N) + 3) evaluations by `ternary`,
 *   N - 1 - k by `grid`. For one point `grid` is never worse than `ternary` on the same grid; for more, greedy paths may cross.
 * @see Song et al. 2023, section 4; `remarks` of the ternary search on the released code
 * @example
 * ```ts
 * const valley = ([, tau]: readonly number[]) => (Math.log(tau) - 1) ** 2;
 * const { sigmas } = await searchTimePoints(valley, { steps: 2 });
 * ```
 */
export async function searchTimePoints(metric: TimePointMetric, options: TimePointOptions): Promise<TimePointResult> {
  const axis = axisOf(options);
  const { steps, start = [axis.sigmaMax] } = options;
  checkStart(start, axis, steps);
  const evaluations: TimePointEvaluation[] = [];
  const known = new Map<string, TimePointEvaluation>();
  const evaluate = async (sigmas: readonly number[]): Promise<TimePointEvaluation> => {
    const before = known.get(sigmas.join());
    if (before !== undefined) return before;
    const value = await metric(sigmas);
    if (!Number.isFinite(value)) {
      throw new OnestepError(
        'non-finite',
        `searchTimePoints: the metric gave ${value} for sigmas [${sigmas.join(', ')}], expected a finite number.`,
        { details: { sigmas, value } },
      );
    }
    const evaluation = { sigmas, value };
    known.set(sigmas.join(), evaluation);
    evaluations.push(evaluation);
    options.onEvaluation?.(evaluation, evaluations.length - 1);
    return evaluation;
  };

  let points = start;
  while (points.length < steps) {
    const before = points;
    let best: TimePointEvaluation | undefined;
    for (let gap = 0; gap < before.length; gap += 1) {
      await axis.search(
        async (sigma) => {
          const found = await evaluate([...before.slice(0, gap + 1), sigma, ...before.slice(gap + 1)]);
          if (best === undefined || found.value < best.value) best = found;
          return found.value;
        },
        before[gap],
        before[gap + 1] ?? axis.sigmaMin,
      );
    }
    if (best === undefined) {
      throw new RangeError(
        `searchTimePoints: no gap is left for point ${before.length + 1} of ${steps}. Pass a smaller tolerance or fewer steps.`,
      );
    }
    points = best.sigmas;
  }
  return { ...(await evaluate(points)), evaluations };
}

/** Where candidates lie, and how one gap between two points (both excluded) is searched. */
interface Axis {
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** The levels there are to choose from; undefined where anything between the ends may be chosen. */
  readonly levels?: readonly number[] | undefined;
  search(probe: Probe, above: number, below: number): Promise<void>;
}

function axisOf(options: TimePointOptions): Axis {
  const { method = 'ternary', tolerance = 0.01, rho = 7 } = options;
  const { candidates = method === 'golden' ? 'log' : 'grid' } = options;
  const where = 'searchTimePoints';
  if (!timePointMethods.includes(method)) {
    throw new RangeError(`${where}: method must be one of ${timePointMethods.join(', ')}, got ${method as string}.`);
  }
  if (!['grid', 'log', 'karras'].includes(candidates)) {
    throw new RangeError(`${where}: candidates must be grid, log or karras, got ${candidates as string}.`);
  }
  if (method === 'golden' && candidates === 'grid') {
    throw new RangeError(`${where}: candidates must be log or karras for method golden, got grid.`);
  }
  if (method === 'grid' && candidates !== 'grid') {
    throw new RangeError(`${where}: candidates must be grid for method grid, got ${candidates}.`);
  }
  if (!(tolerance > 0 && tolerance < 1)) {
    throw new RangeError(`${where}: tolerance must be in (0, 1), got ${tolerance}.`);
  }
  const grid = options.grid ?? karrasSigmas(40, { sigmaMin: options.sigmaMin, sigmaMax: options.sigmaMax, rho });
  checkSigmas(`${where}: grid`, grid, 3, false);
  const [sigmaMax, sigmaMin] = [grid[0], grid[grid.length - 1]];
  if (candidates === 'grid') return { sigmaMin, sigmaMax, levels: grid, search: gridSearch(grid, method) };

  const position = candidates === 'log' ? Math.log : (sigma: number) => sigma ** (1 / rho);
  const level = candidates === 'log' ? Math.exp : (at: number) => at ** rho;
  const width = tolerance * (position(sigmaMax) - position(sigmaMin));
  const minimize = method === 'golden' ? goldenInterval : ternaryInterval;
  return {
    sigmaMin,
    sigmaMax,
    async search(probe, above, below) {
      const [low, high] = [position(below), position(above)];
      // Probes closer together than this would only repeat the points beside them.
      if (high - low <= width) return;
      await minimize((at) => probe(level(at)), low, high, width);
    },
  };
}

function gridSearch(grid: readonly number[], method: TimePointMethod): Axis['search'] {
  return async (probe, above, below) => {
    const free = grid.filter((sigma) => sigma < above && sigma > below);
    if (method === 'ternary') await ternaryIndices((index) => probe(free[index]), 0, free.length - 1);
    else for (const sigma of free) await probe(sigma);
  };
}

function checkStart(start: readonly number[], { sigmaMin, sigmaMax, levels }: Axis, steps: number): void {
  const where = 'searchTimePoints';
  checkSigmas(`${where}: start`, start, 1, false);
  if (start[0] !== sigmaMax || start[start.length - 1] <= sigmaMin) {
    throw new RangeError(
      `${where}: start must begin with sigmaMax = ${sigmaMax} and stay above sigmaMin = ${sigmaMin}, got [${start.join(', ')}].`,
    );
  }
  if (!Number.isSafeInteger(steps) || steps < start.length) {
    throw new RangeError(`${where}: steps must be an integer >= ${start.length}, got ${steps}.`);
  }
  // A search that cannot end is not begun: an evaluation may take minutes.
  const most = start.length + (levels ?? []).filter((sigma) => sigma > sigmaMin && !start.includes(sigma)).length;
  if (levels !== undefined && steps > most) {
    throw new RangeError(
      `${where}: steps must be at most ${most} on a grid of ${levels.length} levels, got ${steps}. Pass a finer grid.`,
    );
  }
}
