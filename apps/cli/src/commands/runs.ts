import { OnestepError } from '@onestep/tensor';
import { checkpointSteps, openRun } from '@onestep/training/node';
import type { Command } from 'commander';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotOpen } from '../errors';
import { table } from '../output/format';
import { createOutput } from '../output/output';

const defaultFolder = 'runs';

/** One line of the list. */
interface RunSummary {
  readonly problem?: undefined;
  readonly folder: string;
  readonly method: string;
  readonly dataset: string;
  readonly step: number;
  readonly steps: number;
  readonly loss: number | undefined;
  readonly modified: string;
}

/** A folder that holds a run which cannot be read. */
interface BrokenRun {
  readonly folder: string;
  readonly problem: string;
}

/** `onestep runs`: every run below a folder. */
export function addRuns(program: Command): void {
  program
    .command('runs')
    .description('list the runs in a folder')
    .argument('[folder]', 'where to look', defaultFolder)
    .option('--json', 'print the list as JSON', false)
    .action(async (folder: string, flags: { readonly json: boolean }) => {
      if (folder !== defaultFolder)
        await readdir(folder).catch((cause: unknown) => Promise.reject(cannotOpen(folder, cause)));
      const output = createOutput(flags);
      const found = await summaries(folder);
      const runs = found.filter((run) => run.problem === undefined);
      for (const { folder: place, problem } of found) {
        if (problem !== undefined) output.warn(`${place} cannot be read: ${problem}`);
      }
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
      output.result(found, lines);
    });
}

/** Runs two levels deep: a quickstart keeps its teacher's run inside its own. */
async function summaries(folder: string): Promise<(RunSummary | BrokenRun)[]> {
  const found: (RunSummary | BrokenRun)[] = [];
  for (const place of [folder, ...(await subfolders(folder))]) {
    for (const candidate of place === folder ? [place] : [place, ...(await subfolders(place))]) {
      const summary = await summarise(candidate).catch((error: unknown) => broken(candidate, error));
      if (summary !== undefined) found.push(summary);
    }
  }
  return found;
}

/** One damaged run must not hide the others. */
function broken(folder: string, error: unknown): BrokenRun {
  if (!(error instanceof OnestepError)) throw error;
  return { folder, problem: error.message };
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
