import { checkpointSteps, openRun } from '@onestep/training/node';
import type { Command } from 'commander';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { table } from '../output/format';
import { createOutput } from '../output/output';

/** One line of the list. */
interface RunSummary {
  readonly folder: string;
  readonly method: string;
  readonly dataset: string;
  readonly step: number;
  readonly steps: number;
  readonly loss: number | undefined;
  readonly modified: string;
}

/** `onestep runs`: every run below a folder. */
export function addRuns(program: Command): void {
  program
    .command('runs')
    .description('list the runs in a folder')
    .argument('[folder]', 'where to look', 'runs')
    .option('--json', 'print the list as JSON', false)
    .action(async (folder: string, flags: { readonly json: boolean }) => {
      const runs = await summaries(folder);
      const lines =
        runs.length === 0
          ? [`No runs in ${folder}.`]
          : table([
              ['run', 'method', 'dataset', 'steps', 'loss', 'modified'],
              ...runs.map(({ folder: place, method, dataset, step, steps, loss, modified }) => [
                place,
                method,
                dataset,
                `${step}/${steps}`,
                loss?.toPrecision(4) ?? '-',
                modified,
              ]),
            ]);
      createOutput(flags).result(runs, lines);
    });
}

/** Runs two levels deep: a quickstart keeps its teacher's run inside its own. */
async function summaries(folder: string): Promise<RunSummary[]> {
  const found: RunSummary[] = [];
  for (const place of [folder, ...(await subfolders(folder))]) {
    for (const candidate of place === folder ? [place] : [place, ...(await subfolders(place))]) {
      const summary = await summarise(candidate);
      if (summary !== undefined) found.push(summary);
    }
  }
  return found;
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort();
}

async function summarise(folder: string): Promise<RunSummary | undefined> {
  const stats = await stat(join(folder, 'recipe.json')).catch(() => undefined);
  if (stats === undefined) return undefined;
  const run = await openRun(folder);
  const { method, dataset, steps } = run.recipe;
  const last = (await run.readMetrics()).at(-1);
  const step = (await checkpointSteps(folder)).at(-1) ?? 0;
  const metrics = await stat(join(folder, 'metrics.jsonl')).catch(() => stats);
  return {
    folder,
    method,
    dataset: dataset.spec,
    step,
    steps,
    loss: last?.loss,
    modified: metrics.mtime.toISOString().slice(0, 16).replace('T', ' '),
  };
}
