import { markdownTable, short } from '../report/table';
import { nfeColumns } from '../rows/row';
import type { MixtureLine } from './study';

/** The table of a mixture: errors against the exact map, and distances to the data, by number of network calls. */
export function mixtureTable(lines: readonly MixtureLine[]): string {
  const columns = [
    ...nfeColumns.map((nfe) => ({ title: `RMSE, ${nfe}`, of: (line: MixtureLine) => line.byNfe[nfe]?.rmse })),
    ...nfeColumns.map((nfe) => ({
      title: `SW, ${nfe}`,
      of: (line: MixtureLine) => line.byNfe[nfe]?.slicedWasserstein,
    })),
    ...nfeColumns.map((nfe) => ({ title: `energy, ${nfe}`, of: (line: MixtureLine) => line.byNfe[nfe]?.energy })),
  ];
  return markdownTable([
    ['method', 'steps', 'seconds', ...columns.map(({ title }) => title)],
    ...lines.map((line) => [
      line.name,
      line.steps === 0 ? '-' : String(line.steps),
      line.steps === 0 ? '-' : line.seconds.toFixed(0),
      ...columns.map(({ of }) => short(of(line))),
    ]),
  ]);
}
