import { isTestMixture, testMixtures } from '@onestep/core';
import {
  methodNames,
  objectiveFromRecipe,
  optimizerFromRecipe,
  parseRecipe,
  preconditioningFromRecipe,
  recipeByName,
  recipeInfo,
  recipeNames,
  recipeSizes,
  type Recipe,
} from '@onestep/training';
import { describe, expect, it } from 'vitest';
import { recipeNetwork } from '../src/compose/network';
import { onestep } from './support/cli';

/** What the data of a recipe look like; pairs look like what their teacher makes. */
function dataOf({ dataset: { spec } }: Recipe): { id: string; shape: readonly number[]; numClasses: number } {
  if (isTestMixture(spec)) return { id: spec, shape: [testMixtures[spec].means[0].length], numClasses: 0 };
  if (spec === 'mnist') return { id: spec, shape: [28, 28, 1], numClasses: 10 };
  if (spec.includes('cifar10')) return { id: spec, shape: [32, 32, 3], numClasses: 10 };
  if (spec.includes('imagenet')) return { id: spec, shape: [64, 64, 3], numClasses: 1000 };
  if (spec.includes('lsun')) return { id: spec, shape: [256, 256, 3], numClasses: 0 };
  throw new Error(`no shape is known for ${spec}`);
}

const networkOf = (name: string) => {
  const recipe = recipeByName(name);
  return recipeNetwork(recipe, dataOf(recipe));
};

const parametersOf = (name: string): number =>
  Object.values(networkOf(name).paramShapes).reduce(
    (sum, shape) => sum + shape.reduce((product, side) => product * side, 1),
    0,
  );

describe('recipes that come with the program', () => {
  it.each(recipeNames)('%s is valid, and its parts can be made', (name) => {
    const recipe = recipeByName(name);
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    const objective = objectiveFromRecipe(recipe);
    expect(objective.name).toBe(recipe.method);
    optimizerFromRecipe(recipe.optimizer);
    const preconditioning = preconditioningFromRecipe(recipe);
    const network = networkOf(name);
    expect(network.secondTime === true).toBe(preconditioning.jump !== undefined);
    if (objective.needs.secondTime === true) expect(network.secondTime).toBe(true);
    if ((recipe.dropout ?? 0) > 0) expect(Object.keys(network.dropoutSites(1))).not.toHaveLength(0);
    objective.curriculum({ step: 0, totalSteps: recipe.steps, imagesSeen: 0 });
    objective.stage?.({ step: 0, totalSteps: recipe.steps, imagesSeen: 0 });
  });

  it('start from recipes that exist and make weights of the same network', () => {
    for (const name of recipeNames) {
      const { startsFrom } = recipeInfo(name);
      expect(startsFrom !== undefined, name).toBe(recipeByName(name).init.from === 'teacher');
      if (startsFrom === undefined) continue;
      const own = networkOf(name).paramShapes;
      const given = networkOf(startsFrom).paramShapes;
      for (const [parameter, shape] of Object.entries(given)) expect(own[parameter], name).toEqual(shape);
    }
  });

  it('cover every method on the laptop and on a GPU, and say what they are', () => {
    for (const size of ['laptop', 'gpu-hour'] as const) {
      const methods = recipeNames.map(recipeInfo).filter((info) => info.size === size);
      expect(new Set(methods.map(({ method }) => method))).toEqual(new Set(methodNames));
    }
    for (const info of recipeNames.map(recipeInfo)) {
      expect(recipeSizes).toContain(info.size);
      expect(info.source).not.toBe('');
      expect(info.timeClass).not.toBe('');
      if (info.size === 'paper') expect(info.timeClass).toBe('not run here');
    }
  });

  it.each([
    ['paper-cifar10-edm', 55_733_891],
    ['paper-cifar10-ect', 55_733_891],
    ['paper-cifar10-sct', 55_733_891],
    ['paper-cifar10-cd', 56_397_827],
    ['paper-cifar10-ict', 56_397_827],
    ['paper-imagenet64-edm', 295_899_267],
    ['paper-imagenet64-cd', 295_899_267],
    ['paper-lsun256-cd', 526_304_771],
  ])('%s has the published number of parameters', (name, parameters) => {
    expect(parametersOf(name)).toBe(parameters);
  });

  it('are listed with size, time and source in lines of 80 characters, and whole for machines', async () => {
    const { stdout } = await onestep(['recipes'], '.');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((text) => text.length > 80)).toEqual([]);
    for (const name of recipeNames)
      expect(
        lines.some((text) => text.trim().split(/ +/)[0] === name),
        name,
      ).toBe(true);
    expect(lines).toContain('paper: EDM (Karras et al. 2022), section 12.3 and released code');
    const all = JSON.parse((await onestep(['recipes', '--json'], '.')).stdout) as { name: string }[];
    expect(all.map(({ name }) => name)).toEqual(recipeNames);
    const facts = (await onestep(['recipes', 'paper-cifar10-pd'], '.')).stdout.split('\n');
    expect(facts.filter((text) => text.length > 80)).toEqual([]);
  });

  it('keep the values of the tables', () => {
    const cd = recipeByName('paper-imagenet64-cd');
    expect(cd).toMatchObject({
      objective: { numScales: 40, solver: 'heun', targetEma: 0.95 },
      optimizer: { name: 'radam', learningRate: 8e-6, betas: [0.9, 0.999], warmupSteps: 0 },
      ema: [{ decay: 0.999943 }],
      batchSize: 2048,
      steps: 600_000,
      dropout: 0,
    });
    const pd = recipeByName('paper-cifar10-pd');
    const objective = objectiveFromRecipe(pd);
    const stageAt = (step: number) => objective.stage?.({ step, totalSteps: pd.steps, imagesSeen: 0 });
    expect([0, 50_000, 100_000].map((step) => stageAt(step)?.index)).toEqual([0, 1, 2]);
    expect(stageAt(749_999)).toEqual({
      index: 12,
      step: 99_999,
      totalSteps: 100_000,
    });
  });
});
