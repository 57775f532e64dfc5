import { markdownTable, short } from '../report/table';
import { referenceLevels, scoredBudgets, type ImageSamplers } from './image-samplers';
import type { SamplerLine, Scores } from './measure';
import type { MixtureSamplers } from './mixture-samplers';

type Measure = keyof Scores;

/** The tables of a mixture. */
export function mixtureSamplerTables(
  { deterministic, noisy, floor }: MixtureSamplers,
  budgets: readonly number[],
): string {
  return blocks([
    ...errorBlocks('the exact end of its trajectory', deterministic, budgets),
    {
      title: 'Sliced Wasserstein distance to fresh draws, with noise on the way',
      lines: noisy,
      table: (lines) =>
        [
          `Other draws from the data score ${short(floor.data)}, the exact ends ${short(floor.exactEnds)}.`,
          budgetTable(lines, budgets, 'slicedWasserstein'),
        ].join('\n\n'),
    },
  ]);
}

/** The tables of a trained denoiser of images. */
export function imageSamplerTables(
  { deterministic, scored, floor }: ImageSamplers,
  budgets: readonly number[],
): string {
  return blocks([
    ...errorBlocks(`the solution by Heun's method with ${referenceLevels} levels`, deterministic, budgets),
    {
      title: 'FD-LeNet',
      lines: scored,
      table: (lines) =>
        [`Real images of the other split score ${short(floor)}.`, budgetTable(lines, scoredBudgets, 'fdLenet')].join(
          '\n\n',
        ),
    },
  ]);
}

interface Block {
  readonly title: string;
  readonly lines: readonly SamplerLine[];
  readonly table: (lines: readonly SamplerLine[]) => string;
}

/** Errors without noise: of most trajectories, of all, and of samplers without a budget. */
function errorBlocks(target: string, lines: readonly SamplerLine[], budgets: readonly number[]): Block[] {
  const planned = lines.filter(({ own }) => own === undefined);
  const own = lines.filter((line) => line.own !== undefined);
  return [
    {
      title: `Median over the samples: RMSE of one to ${target}`,
      lines: planned,
      table: (rows) => budgetTable(rows, budgets, 'median', true),
    },
    {
      title: `RMSE of all to ${target}`,
      lines: planned,
      table: (rows) => budgetTable(rows, budgets, 'rmse', true),
    },
    { title: 'Samplers that decide their calls as they go', lines: own, table: ownTable },
  ];
}

/** The blocks that have lines, each with what failed below it. */
function blocks(all: readonly Block[]): string {
  return all
    .filter(({ lines }) => lines.length > 0)
    .flatMap(({ title, lines, table }) => [`### ${title}`, table(lines), ...failures(lines)])
    .join('\n\n');
}

/** Sorted by the score at 10 calls, or at the middle budget; of errors the best of a column is bold. */
function budgetTable(
  lines: readonly SamplerLine[],
  budgets: readonly number[],
  measure: Measure,
  slopes = false,
): string {
  const sortedBy = budgets.includes(10) ? 10 : budgets[Math.floor((budgets.length - 1) / 2)];
  const valueAt = ({ byBudget }: SamplerLine, budget: number): number => byBudget[budget]?.scores[measure] ?? Infinity;
  const best = new Map(budgets.map((budget) => [budget, Math.min(...lines.map((line) => valueAt(line, budget)))]));
  const written = (line: SamplerLine, budget: number): string => {
    const cell = line.byBudget[budget];
    if (cell === undefined) return '-';
    const value = cell.failure === undefined ? short(cell.scores[measure]) : 'failed';
    const text = cell.nfe === budget ? value : `${value} (${cell.nfe})`;
    return slopes && cell.failure === undefined && valueAt(line, budget) === best.get(budget) ? `**${text}**` : text;
  };
  return markdownTable([
    ['sampler', 'order', ...budgets.map((budget) => `NFE ${budget}`), ...(slopes ? ['falls as'] : [])],
    ...[...lines]
      .sort((a, b) => Math.sign(Math.log(valueAt(a, sortedBy) / valueAt(b, sortedBy))) || 0)
      .map((line) => [
        line.setup.name,
        String(line.setup.order),
        ...budgets.map((budget) => written(line, budget)),
        ...(slopes ? [slope(line, budgets, measure)] : []),
      ]),
  ]);
}

function ownTable(lines: readonly SamplerLine[]): string {
  return markdownTable([
    ['sampler', 'order', 'NFE', 'median', 'RMSE'],
    ...lines.map(({ setup, own }) => [
      setup.name,
      String(setup.order),
      short(own?.nfe),
      ...(['median', 'rmse'] as const).map((measure) =>
        own?.failure === undefined ? short(own?.scores[measure]) : 'failed',
      ),
    ]),
  ]);
}

/** The power of the calls that the error falls with between the two largest budgets. */
function slope({ byBudget }: SamplerLine, budgets: readonly number[], measure: Measure): string {
  const [few, many] = budgets.slice(-2).map((budget) => byBudget[budget]);
  const [before, after] = [few?.scores[measure], many?.scores[measure]];
  if (before === undefined || after === undefined || few.nfe === many.nfe) return '-';
  return (Math.log(before / after) / Math.log(many.nfe / few.nfe)).toFixed(1);
}

function failures(lines: readonly SamplerLine[]): string[] {
  const texts = lines.flatMap(({ setup, byBudget, own }) =>
    [...Object.values(byBudget), ...(own === undefined ? [] : [own])].flatMap(({ nfe, failure }) =>
      failure === undefined ? [] : [`- ${setup.name}, NFE ${nfe}: ${failure}`],
    ),
  );
  return texts.length === 0 ? [] : [`Failed:\n\n${[...new Set(texts)].join('\n')}`];
}
