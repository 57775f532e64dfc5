import { markdownTable, short } from '../report/table';
import { referenceLevels, scoredBudgets, type ImageSamplers } from './image-samplers';
import type { Cell, SamplerLine } from './measure';
import type { MixtureSamplers } from './mixture-samplers';

/** The tables of a mixture. */
export function mixtureSamplerTables(
  { deterministic, noisy, floor }: MixtureSamplers,
  budgets: readonly number[],
): string {
  const own = deterministic.filter((line) => line.own !== undefined);
  const planned = deterministic.filter((line) => line.own === undefined);
  return blocks([
    ['RMSE to the exact end of each trajectory, no noise added', planned, () => budgetTable(planned, budgets, true)],
    ['RMSE of samplers that decide their calls as they go', own, () => ownTable(own)],
    [
      'Sliced Wasserstein distance to fresh draws, with noise on the way',
      noisy,
      () =>
        [
          `Other draws from the data score ${short(floor.data)}, the exact ends ${short(floor.exactEnds)}.`,
          budgetTable(noisy, budgets, false),
        ].join('\n\n'),
    ],
  ]);
}

/** The tables of a trained denoiser of images. */
export function imageSamplerTables(
  { deterministic, scored, floor }: ImageSamplers,
  budgets: readonly number[],
): string {
  const own = deterministic.filter((line) => line.own !== undefined);
  const planned = deterministic.filter((line) => line.own === undefined);
  const solution = `to the solution by Heun's method with ${referenceLevels} levels`;
  return blocks([
    [`RMSE per pixel ${solution}, no noise added`, planned, () => budgetTable(planned, budgets, true)],
    [`RMSE per pixel of samplers that decide their calls as they go`, own, () => ownTable(own)],
    [
      'FD-LeNet',
      scored,
      () => `Real images of the other split score ${short(floor)}.\n\n${budgetTable(scored, scoredBudgets, false)}`,
    ],
  ]);
}

type Block = readonly [title: string, lines: readonly SamplerLine[], table: () => string];

/** The blocks that have lines, each with what failed below it. */
function blocks(all: readonly Block[]): string {
  return all
    .filter(([, lines]) => lines.length > 0)
    .flatMap(([title, lines, table]) => [`### ${title}`, table(), ...failures(lines)])
    .join('\n\n');
}

/** Sorted by the score at 10 calls, or the middle budget; the best of a column is bold. */
function budgetTable(lines: readonly SamplerLine[], budgets: readonly number[], slopes: boolean): string {
  const key = budgets.includes(10) ? 10 : budgets[Math.floor((budgets.length - 1) / 2)];
  const valueAt = ({ byBudget }: SamplerLine, budget: number): number => byBudget[budget]?.value ?? Infinity;
  const sorted = [...lines].sort((a, b) => (valueAt(a, key) < valueAt(b, key) ? -1 : valueAt(a, key) > valueAt(b, key) ? 1 : 0)); // prettier-ignore
  const best = new Map(budgets.map((budget) => [budget, Math.min(...lines.map((line) => valueAt(line, budget)))]));
  const cell = (line: SamplerLine, budget: number): string => {
    const text = written(line.byBudget[budget], budget);
    return valueAt(line, budget) === best.get(budget) && best.get(budget) !== Infinity ? `**${text}**` : text;
  };
  return markdownTable([
    ['sampler', 'order', ...budgets.map((budget) => `NFE ${budget}`), ...(slopes ? ['falls as'] : [])],
    ...sorted.map((line) => [
      line.setup.name,
      String(line.setup.order),
      ...budgets.map((budget) => cell(line, budget)),
      ...(slopes ? [slope(line, budgets)] : []),
    ]),
  ]);
}

function ownTable(lines: readonly SamplerLine[]): string {
  return markdownTable([
    ['sampler', 'order', 'NFE', 'RMSE'],
    ...lines.map(({ setup, own }) => [
      setup.name,
      String(setup.order),
      short(own?.nfe),
      own?.failure === undefined ? short(own?.value) : 'failed',
    ]),
  ]);
}

/** The score, with the calls in brackets where they are fewer than the column's. */
function written(cell: Cell | undefined, budget: number): string {
  if (cell === undefined) return '-';
  const text = cell.failure === undefined ? short(cell.value) : 'failed';
  return cell.nfe === budget ? text : `${text} (${cell.nfe})`;
}

/** The power of the calls that the error falls with between the two largest budgets. */
function slope({ byBudget }: SamplerLine, budgets: readonly number[]): string {
  const [few, many] = [...budgets].sort((a, b) => a - b).slice(-2).map((budget) => byBudget[budget]); // prettier-ignore
  if (few?.value === undefined || many?.value === undefined || few.nfe === many.nfe) return '-';
  return (Math.log(few.value / many.value) / Math.log(many.nfe / few.nfe)).toFixed(1);
}

function failures(lines: readonly SamplerLine[]): string[] {
  const texts = lines.flatMap(({ setup, byBudget, own }) =>
    [...Object.values(byBudget), ...(own === undefined ? [] : [own])].flatMap(({ nfe, failure }) =>
      failure === undefined ? [] : [`- ${setup.name}, NFE ${nfe}: ${failure}`],
    ),
  );
  return texts.length === 0 ? [] : [`Failed:\n\n${[...new Set(texts)].join('\n')}`];
}
