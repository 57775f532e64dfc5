import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Report } from '../report/report';

/** What the process of its own does; see the question `memory`. */
export interface MemoryWork {
  readonly network: string;
  readonly batch: number;
  readonly engine: 'eager' | 'compiled';
  readonly method: string;
  readonly backend: string;
  readonly provider?: string | undefined;
  readonly threads?: number | undefined;
}

/**
 * Peak resident memory in MB of a fresh process that does a few training steps: in a process that measures other things
 * too, the peak would be theirs.
 *
 * @param program - the built bench
 * @throws Error with the child's own words if it fails
 */
export async function peakMemoryOf(program: string, work: MemoryWork): Promise<number> {
  const flags = Object.entries(work).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'memory', '--json', ...flags]);
  const { rows } = JSON.parse(stdout) as Report;
  return Math.round(Number(rows.at(0)?.facts?.['peak resident MB']));
}
