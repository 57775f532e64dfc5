import { markdownTable, short } from '../report/table';
import type { MnistReport } from './study';

/** The table of the image study: FD-LeNet by number of network calls. */
export function mnistTable({ lines, floor }: MnistReport): string {
  const calls = [1, 2, 35];
  return markdownTable([
    ['method', 'starts from', 'steps', 'seconds', ...calls.map((nfe) => `FD-LeNet, ${nfe}`)],
    ['real test images', '-', '-', '-', short(floor), '-', '-'],
    ...lines.map(({ name, start, steps, seconds, byNfe }) => [
      name,
      start === 'random' ? 'scratch' : start,
      String(steps),
      seconds.toFixed(0),
      ...calls.map((nfe) => short(byNfe[nfe])),
    ]),
  ]);
}
