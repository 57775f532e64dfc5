import type { Machine } from '../measure/machine';
import { summarize, type Summary } from '../measure/summary';

/** A measured quantity: median and spread, in a unit. */
export interface Figure extends Summary {
  readonly unit: string;
}

/** Everything measured of one subject in one case. */
export interface Row {
  /** What was to be done: `engine-benchmark, ect step, batch 16`. */
  readonly case: string;
  /** Who did it: `eager wasm`, `compiled / PyTorch`. */
  readonly subject: string;
  readonly figures: Readonly<Record<string, Figure>>;
  /** What has no spread: counts, names, a peak. */
  readonly facts?: Readonly<Record<string, number | string | boolean>> | undefined;
}

/** The answer to one question. */
export interface Report {
  readonly question: string;
  /** The command that measures the same again. */
  readonly command: string;
  readonly machine: Machine;
  /** What computed: versions, threads, devices. */
  readonly engines: readonly string[];
  readonly rows: readonly Row[];
  /** What the reader should know before believing the figures. */
  readonly notes: readonly string[];
}

/** Median and spread with a unit. */
export function figure(unit: string, values: readonly number[]): Figure {
  return { unit, ...summarize(values) };
}

/** Time, throughput and arithmetic rate of some work from its times in milliseconds. */
export function speedFigures(
  times: readonly number[],
  { images, flops }: { readonly images: number; readonly flops: number },
): Record<string, Figure> {
  return {
    time: figure('ms', times),
    throughput: figure(
      'images/s',
      times.map((ms) => (1000 * images) / ms),
    ),
    rate: figure(
      'GFLOP/s',
      times.map((ms) => flops / ms / 1e6),
    ),
  };
}
