import {
  recipeByName,
  recipeInfo,
  recipeNames,
  recipeSizes,
  type RecipeInfo,
  type RecipeSize,
} from '@onestep/training';
import { Option, type Command } from 'commander';
import { formatFacts } from '../output/facts';
import { table, wrap } from '../output/format';
import { createOutput } from '../output/output';

interface RecipesFlags {
  readonly size?: RecipeSize;
  readonly json: boolean;
}

/** Width that every terminal has. */
const columns = 80;

/** `onestep recipes [NAME]`: what comes with the program, and one of them in full. */
export function addRecipes(program: Command): void {
  program
    .command('recipes')
    .description('list the recipes that come with the program, or print one')
    .argument('[name]', 'print this recipe in full')
    .addOption(new Option('--size <name>', 'only recipes of this size').choices([...recipeSizes]))
    .option('--json', 'print the result as JSON', false)
    .action((name: string | undefined, { size, json }: RecipesFlags) => {
      const output = createOutput({ json });
      if (name !== undefined) {
        const info = recipeInfo(name);
        const recipe = recipeByName(name);
        output.result({ ...info, recipe }, [
          ...formatFacts(factsOf(info), columns),
          '',
          ...JSON.stringify(recipe, null, 2).split('\n'),
        ]);
        return;
      }
      const all = recipeNames.map(recipeInfo).filter((info) => size === undefined || info.size === size);
      output.result(all, [
        ...bySource(all).flatMap(([first, ...rest]) => [
          ...wrap(`${first.size}: ${first.source}`, columns),
          ...table([first, ...rest].map(({ name: own, method, timeClass }) => [`  ${own}`, method, timeClass])),
          '',
        ]),
        'One in full: onestep recipes NAME.',
        'Its notes say what it starts from and where it departs from its source.',
      ]);
    });
}

/** Groups of one size and one source, in the order of their first members. */
function bySource(all: readonly RecipeInfo[]): (readonly [RecipeInfo, ...RecipeInfo[]])[] {
  const groups = new Map<string, [RecipeInfo, ...RecipeInfo[]]>();
  for (const info of all) {
    const key = `${info.size} ${info.source}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [info]);
    else group.push(info);
  }
  return [...groups.values()];
}

function factsOf({ name, method, size, timeClass, source, startsFrom, notes = [] }: RecipeInfo): [string, string][] {
  return [
    ['recipe', name],
    ['method', method],
    ['size', size],
    ['time', timeClass],
    ['source', source],
    ...(startsFrom === undefined ? [] : [['starts from', `a run of ${startsFrom}`] as [string, string]]),
    ...notes.map((note): [string, string] => ['note', note]),
  ];
}
