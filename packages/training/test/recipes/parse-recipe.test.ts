import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OnestepError } from '@onestep/tensor';
import {
  methodNames,
  objectiveFromRecipe,
  optimizerFromRecipe,
  parseRecipe,
  recipeByName,
  recipeInfo,
  recipeNames,
  type RecipeProblem,
} from '@onestep/training';

const minimal = {
  name: 'a',
  method: 'edm',
  dataset: { spec: 'mnist' },
  network: { name: 'mlp' },
  optimizer: { learningRate: 1e-3 },
  batchSize: 4,
  steps: 10,
};

function problemsOf(json: unknown): readonly RecipeProblem[] {
  try {
    parseRecipe(json);
  } catch (error) {
    expect(error).toBeInstanceOf(OnestepError);
    expect((error as OnestepError).code).toBe('invalid-recipe');
    return (error as OnestepError).details.problems as RecipeProblem[];
  }
  return [];
}

describe('parseRecipe', () => {
  it('fills in defaults and is idempotent', () => {
    const recipe = parseRecipe(minimal);
    expect(recipe.sigma).toEqual({ min: 0.002, max: 80, rho: 7 });
    expect(recipe.objective).toEqual({
      pMean: -1.2,
      pStd: 1.2,
      weighting: 'karras',
      reduction: 'mean',
      adaptiveWeighting: false,
    });
    expect(recipe.optimizer).toMatchObject({ name: 'radam', betas: [0.9, 0.999], warmupSteps: 0 });
    expect(recipe.init).toEqual({ from: 'random' });
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it('reports all problems at once with path, value, rule and the nearest known key', () => {
    const problems = problemsOf({
      ...minimal,
      steps: -5,
      optimiser: {},
      optimizer: { learningRate: 'fast', betas: [0.9, 1.5], warmup_steps: 3 },
      objective: { pmean: 0 },
      ema: [{ name: 'x', decay: 2, halflifeImages: 4 }],
    });
    const line = (path: string) => problems.find((problem) => problem.path === path);
    expect(line('steps')).toMatchObject({ value: -5, rule: 'must be > 0' });
    expect(line('optimiser')).toMatchObject({ rule: 'unknown key', nearest: 'optimizer' });
    expect(line('optimizer.learningRate')).toMatchObject({ value: 'fast', rule: 'must be a number' });
    expect(line('optimizer.betas[1]')).toMatchObject({ value: 1.5, rule: 'must be < 1' });
    expect(line('optimizer.warmup_steps')).toMatchObject({ nearest: 'warmupSteps' });
    expect(line('objective.pmean')).toMatchObject({ nearest: 'pMean' });
    expect(line('ema[0].decay')).toMatchObject({ value: 2, rule: 'must be < 1' });
    expect(line('ema[0].halflifeImages')).toMatchObject({ nearest: 'halfLifeImages' });
  });

  it('says it in lines that people can act on', () => {
    expect(() => parseRecipe({ ...minimal, batchsize: 3, steps: 1.5 })).toThrow(
      'parseRecipe: 2 problems:\n  steps: must be an integer, got 1.5.\n  batchsize: unknown key. Did you mean "batchSize"?',
    );
    expect(() => parseRecipe({ ...minimal, steps: undefined })).toThrow('steps: must be a number, but is missing.');
  });

  it('suggests a method, and still checks the rest', () => {
    const problems = problemsOf({ ...minimal, method: 'etc', batchSize: 0 });
    expect(problems[0]).toMatchObject({ path: 'method', value: 'etc', nearest: 'ect' });
    expect(problems[1]).toMatchObject({ path: 'batchSize', rule: 'must be > 0' });
  });

  it('says once that the method is missing', () => {
    const { method, ...rest } = minimal;
    expect(method).toBe('edm');
    expect(problemsOf(rest).map(({ path }) => path)).toEqual(['method']);
  });

  it.each<[string, unknown, string]>([
    ['something that is no object', 3, ''],
    ['a list', [], ''],
    ['an average with two rules', { ...minimal, ema: [{ name: 'x', decay: 0.9, halfLifeImages: 3 }] }, 'ema[0]'],
    [
      'two averages of one name',
      {
        ...minimal,
        ema: [
          { name: 'x', decay: 0.9 },
          { name: 'x', decay: 0.8 },
        ],
      },
      'ema',
    ],
    ['a name that leads out of the folder', { ...minimal, name: '../x' }, 'name'],
    ['an empty range of sigma', { ...minimal, sigma: { min: 3, max: 2 } }, 'sigma.min'],
    ['options of another method', { ...minimal, objective: { numScales: 18 } }, 'objective.numScales'],
  ])('refuses %s', (_, json, path) => {
    expect(problemsOf(json).map((problem) => problem.path)).toEqual([path]);
  });

  it.each<[string, object, string]>([
    ['a batch that cannot be cut', { accumulation: 3 }, 'accumulation'],
    [
      'a decay without its scale',
      { optimizer: { learningRate: 1, decay: { shape: 'inverse-sqrt' } } },
      'optimizer.decay.referenceSteps',
    ],
    [
      'the bounds of another decay',
      { optimizer: { learningRate: 1, decay: { shape: 'inverse-sqrt', referenceSteps: 9, to: 0 } } },
      'optimizer.decay.to',
    ],
    ['an average too wide', { ema: [{ name: 'x', power: { relativeStd: 0.3 } }] }, 'ema[0].power.relativeStd'],
    ['negative guidance', { teacher: { guidance: -1 } }, 'teacher.guidance'],
    ['pairs of ECT that float32 cannot tell apart', { method: 'ect', objective: { q: 256 } }, 'objective.numStages'],
    [
      'an adversary that begins nowhere',
      { method: 'ctm', objective: { adversarial: { channels: 8 } } },
      'objective.adversarial.startStep',
    ],
    [
      'bounds of a weight the wrong way round',
      { method: 'ctm', objective: { adversarial: { startStep: 1, weightMin: 2, weightMax: 1 } } },
      'objective.adversarial.weightMin',
    ],
    ['flips on top of flips', { dataset: { spec: 'a', flip: true, augment: {} } }, 'dataset.flip'],
    [
      'augmentation with no probability',
      { dataset: { spec: 'a', augment: { probability: 0 } } },
      'dataset.augment.probability',
    ],
    ['a transform EDM does not have', { dataset: { spec: 'a', augment: { hue: 1 } } }, 'dataset.augment.hue'],
    ['an unknown policy', { watch: { policy: 'ignore' } }, 'watch.policy'],
  ])('refuses %s', (_, overrides, path) => {
    expect(problemsOf({ ...minimal, ...overrides }).map((problem) => problem.path)).toEqual([path]);
  });

  it('augments as EDM does on CIFAR-10 unless told otherwise, and lets unlabelled flips be chosen for the labelled ones', () => {
    const { augment } = parseRecipe({ ...minimal, dataset: { spec: 'a', augment: {} } }).dataset;
    expect(augment).toEqual({ probability: 0.12, xFlip: 1e8, yFlip: 1, scale: 1, rotate: 1, aniso: 1, translate: 1 });
    expect(problemsOf({ ...minimal, dataset: { spec: 'a', flip: true, augment: { xFlip: 0 } } })).toEqual([]);
    expect(recipeByName('paper-cifar10-edm').dataset).toMatchObject({ flip: false, augment });
  });

  it('still reads the decay of older recipes', () => {
    const recipe = parseRecipe({ ...minimal, optimizer: { learningRate: 1, decay: { from: 0.5, to: 0 } } });
    expect(recipe.optimizer.decay).toEqual({ shape: 'linear', from: 0.5, to: 0 });
  });

  it('never throws anything but invalid-recipe, whatever it is fed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => void problemsOf(json)),
      { numRuns: 200 },
    );
  });
});

describe('recipes that come with the package', () => {
  it('are valid, carry their own name and make their objective and optimizer', () => {
    expect(recipeNames.length).toBeGreaterThanOrEqual(8);
    for (const name of recipeNames) {
      const recipe = recipeByName(name);
      expect(recipe.name).toBe(name);
      expect(objectiveFromRecipe(recipe).name).toBe(recipe.method);
      expect(optimizerFromRecipe(recipe.optimizer).name).toBe(recipe.optimizer.name);
    }
    expect(new Set(recipeNames.map((name) => recipeByName(name).method))).toEqual(new Set(methodNames));
  });

  it('weigh small levels on mixtures, and neither learn a weight nor aim at medians there', () => {
    for (const spec of ['mixture-2d', 'mixture-16d']) {
      const objectiveOf = (method: string) => recipeByName(`${spec}-${method}`).objective;
      for (const method of ['cd', 'ct']) expect(objectiveOf(method)).toMatchObject({ weighting: 'snr+1' });
      expect(objectiveOf('scd')).toMatchObject({ tangentC: 30, adaptiveWeighting: false });
      expect(objectiveOf('sct')).toMatchObject({ pMean: -0.7, adaptiveWeighting: false, tangentC: 30 });
    }
  });

  it('has the published settings of ImageNet-64 in every size of EDM2', () => {
    const sizes = ['s', 'm', 'l', 'xl'];
    const rates = (method: string) =>
      sizes.map((size) => recipeByName(`paper-imagenet64-${method}-${size}`).optimizer.learningRate);
    expect(rates('edm2')).toEqual([0.01, 0.009, 0.008, 0.007]);
    expect(rates('ect')).toEqual([1e-3, 9e-4, 8e-4, 7e-4]);
    expect(rates('scd')).toEqual([1e-4, 9e-5, 8e-5, 7e-5]);
    // 2^30 images.
    expect(recipeByName('paper-imagenet64-edm2-s')).toMatchObject({ steps: 524_288, objective: { adaptiveWeighting: true } }); // prettier-ignore
    expect(recipeByName('paper-imagenet64-ect-m')).toMatchObject({
      network: { preset: 'edm2-imagenet64-m', config: { dropout: 0.5, dropoutResolutions: [4, 8] } },
      objective: { q: 4, c: 0.06, weighting: 'edm' },
      dropout: 0.5,
    });
    for (const size of sizes) {
      expect(recipeInfo(`paper-imagenet64-sct-${size}`).startsFrom).toBe(`paper-imagenet64-trigflow-${size}`);
    }
  });

  it('suggests a name for an unknown one', () => {
    expect(() => recipeByName('mnist-etc')).toThrow(/did you mean "mnist-ect"\?/);
    expect(() => recipeByName('?')).toThrow(/known are .*mnist-edm/);
  });

  it('tells what is known about a recipe', () => {
    expect(recipeInfo('paper-cifar10-cd')).toMatchObject({
      name: 'paper-cifar10-cd',
      method: 'cd',
      size: 'paper',
      startsFrom: 'paper-cifar10-edm-ncsnpp',
    });
  });
});
