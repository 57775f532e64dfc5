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
import { table } from '../output/format';
import { createOutput } from '../output/output';

interface RecipesFlags {
  readonly size?: RecipeSize;
  readonly json: boolean;
}

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
          ...formatFacts(factsOf(info)),
          '',
          ...JSON.stringify(recipe, null, 2).split('\n'),
        ]);
        return;
      }
      const all = recipeNames.map(recipeInfo).filter((info) => size === undefined || info.size === size);
      output.result(all, [
        ...table([
          ['recipe', 'method', 'size', 'time', 'source'],
          ...all.map((info) => [info.name, info.method, info.size, info.timeClass, info.source]),
        ]),
        '',
        'One in full: onestep recipes NAME. Its notes say what it starts from and where it departs from its source.',
      ]);
    });
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
