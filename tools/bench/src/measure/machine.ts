import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

/** Where figures were measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly platform: string;
  /** Average number of runnable threads over the minute before the measurement; above 0.5 others were at work. */
  readonly loadAverage: number;
}

/** Facts of this machine, as of now. */
export function machineFacts(): Machine {
  const processors = cpus();
  return {
    cpu: processors.at(0)?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    loadAverage: Math.round((loadavg().at(0) ?? 0) * 100) / 100,
  };
}

/** Resident memory of this process now, in MB. */
export function residentMemoryMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

/** Largest resident memory of this process so far, in MB. */
export function peakMemoryMb(): number {
  return (linuxPeakKb() ?? process.resourceUsage().maxRSS) / 1024;
}

/** What `getrusage` says of a child on Linux begins at its parent's size when it was started; the kernel's own mark does not. */
function linuxPeakKb(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const mark = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return mark === null ? undefined : Number(mark[1]);
}

/** What the JavaScript side holds now, in MB: objects, and the arrays outside the heap. */
export function javascriptMemoryMb(): { readonly heap: number; readonly arrays: number } {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed / 2 ** 20, arrays: arrayBuffers / 2 ** 20 };
}
