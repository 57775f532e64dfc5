import { availableParallelism, cpus, totalmem } from 'node:os';

/** The machine and the engine in one line, for the head of a report. */
export function machineLine(engine: string): string {
  const cpu = cpus().at(0)?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpu}, ${availableParallelism()} cores, ${memory} GB, Node ${process.versions.node}; ${engine}`;
}
