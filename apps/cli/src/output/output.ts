import pc from 'picocolors';
import { formatDuration, progressBar, sparkline } from './format';

/** A reading of a running job, for people and for machines. */
export interface ProgressReading {
  /** What runs, for example `teacher`. */
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** Loss values so far, oldest first; drawn as a sparkline. */
  readonly losses?: readonly number[] | undefined;
  readonly imagesPerSecond?: number | undefined;
  /** Seconds left. */
  readonly eta?: number | undefined;
  /** Further numbers for machines and plain lines. */
  readonly facts?: Readonly<Record<string, number>> | undefined;
}

/** Where a command speaks. Human, plain and JSON output are three implementations. */
export interface Output {
  /** A line for people; machines do not get it. */
  line(text?: string): void;
  /** A remark that matters beside the result; on stderr. */
  warn(text: string): void;
  /** A live reading; called often. */
  progress(reading: ProgressReading): void;
  /** The result of a command: one object for machines, `lines` for people. */
  result(value: unknown, lines: readonly string[]): void;
  /** One event of a running job, for machines. */
  event(name: string, value: Readonly<Record<string, unknown>>): void;
}

/** The streams an output writes to; tests pass their own. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream;
}

/** Chooses by flag and terminal: NDJSON with `--json`, one live line on a TTY, plain lines otherwise. */
export function createOutput(options: { readonly json: boolean }, streams: Streams = process): Output {
  if (options.json) return jsonOutput(streams);
  return streams.stdout.isTTY === true ? liveOutput(streams) : plainOutput(streams);
}

/** Says nothing: for work that another thread reports on. */
export const silentOutput: Output = {
  line: () => undefined,
  warn: () => undefined,
  progress: () => undefined,
  result: () => undefined,
  event: () => undefined,
};

function jsonOutput({ stdout, stderr }: Streams): Output {
  const write = (value: unknown): void => void stdout.write(`${JSON.stringify(value)}\n`);
  return {
    line: () => undefined,
    warn: (text) => void stderr.write(`${text}\n`),
    progress: ({ losses, ...reading }) => write({ event: 'progress', ...reading, loss: losses?.at(-1) }),
    result: (value) => write(value),
    event: (event, value) => write({ event, ...value }),
  };
}

/** Without a terminal: a reading every ten seconds at most, and the last one. */
function plainOutput({ stdout, stderr }: Streams): Output {
  let nextAt = 0;
  return {
    line: (text = '') => void stdout.write(`${text}\n`),
    warn: (text) => void stderr.write(`${text}\n`),
    progress(reading) {
      if (Date.now() < nextAt && reading.done < reading.total) return;
      nextAt = Date.now() + 10_000;
      stdout.write(`${describe(reading)}\n`);
    },
    result: (_, lines) => lines.forEach((text) => void stdout.write(`${text}\n`)),
    event: () => undefined,
  };
}

function liveOutput({ stdout, stderr }: Streams): Output {
  let live = false;
  let nextAt = 0;
  const clear = (): void => {
    if (live) stdout.write('\r\u001b[2K');
    live = false;
  };
  return {
    line(text = '') {
      clear();
      stdout.write(`${text}\n`);
    },
    warn(text) {
      clear();
      stderr.write(`${pc.yellow(text)}\n`);
    },
    progress(reading) {
      const last = reading.done >= reading.total;
      if (Date.now() < nextAt && !last) return;
      nextAt = Date.now() + 100;
      clear();
      // A line that reaches the last column wraps on some terminals, and a wrapped one cannot be cleared.
      const columns = stdout.columns !== undefined && stdout.columns > 0 ? stdout.columns : 80;
      const { bar, text, spark } = liveLine(reading, columns - 1);
      stdout.write(`${bar}${text}${pc.cyan(spark)}`);
      live = true;
      if (last) {
        stdout.write('\n');
        live = false;
      }
    },
    result(_, lines) {
      clear();
      lines.forEach((text) => void stdout.write(`${text}\n`));
    },
    event: () => undefined,
  };
}

/** The parts of one line of at most `width` cells: the reading first, then sparkline and bar in the room that is left. */
export function liveLine(reading: ProgressReading, width: number): { bar: string; text: string; spark: string } {
  const { done, total, losses } = reading;
  const text = describe(reading).slice(0, width);
  const room = width - text.length;
  const spark = losses === undefined || room < 5 ? '' : ` ${sparkline(losses, Math.min(16, room - 1))}`;
  const barWidth = Math.min(20, width - text.length - (losses === undefined ? 0 : 17) - 1);
  const bar = barWidth < 4 ? '' : `${progressBar(done / Math.max(1, total), barWidth)} `;
  return { bar, text, spark };
}

function describe({ phase, done, total, losses, imagesPerSecond, eta, facts }: ProgressReading): string {
  const parts = [`${phase} ${done}/${total}`];
  const loss = losses?.at(-1);
  if (loss !== undefined) parts.push(`loss ${loss.toPrecision(4)}`);
  for (const [name, value] of Object.entries(facts ?? {})) parts.push(`${name} ${Number(value.toPrecision(4))}`);
  if (imagesPerSecond !== undefined) parts.push(`${imagesPerSecond.toFixed(1)} images/s`);
  if (eta !== undefined && done < total) parts.push(`ETA ${formatDuration(eta)}`);
  return parts.join('  ');
}
