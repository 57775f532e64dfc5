import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { headShapes, trunkShapes } from '@onestep/metrics';
import { writeSafetensors } from '@onestep/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formulaWeights } from '../../../tools/workspace/formula-weights';
import { onestep, scratchFolder } from './support/cli';
import { smallRecipe, writeSmallDigits } from './support/small-data';

const scratch = scratchFolder();
const { path } = scratch;

const recipeFile = (name: string, distance: unknown): string => {
  const recipe = smallRecipe(join(path, 'digits'), {
    method: 'ct',
    steps: 2,
    batchSize: 2,
    objective: { distance },
    checkpoint: { everySteps: 1 },
  });
  const file = join(path, `${name}.json`);
  writeFileSync(file, JSON.stringify(recipe));
  return file;
};

beforeAll(() => {
  writeSmallDigits(join(path, 'digits'), { count: 16 });
  mkdirSync(join(path, 'weights'));
  const weights = { ...formulaWeights(trunkShapes('squeezenet')), ...formulaWeights(headShapes('squeezenet')) };
  writeFileSync(join(path, 'weights', 'lpips.safetensors'), writeSafetensors(weights));
});

afterAll(() => scratch.remove());

describe('a recipe with LPIPS', () => {
  const lpips = {
    name: 'lpips',
    net: 'squeezenet',
    weights: 'weights/lpips.safetensors',
    repeatGrey: true,
    resizeTo: 32,
  };

  it('trains, and keeps the path of the weights so that it can be resumed from anywhere', async () => {
    const trained = await onestep(['train', recipeFile('lpips', lpips), '--out', join(path, 'run')], path);
    expect(trained.stderr).toBe('');
    expect(trained.code).toBe(0);
    const recipe = JSON.parse(readFileSync(join(path, 'run', 'recipe.json'), 'utf8'));
    expect(JSON.stringify(recipe)).toContain(JSON.stringify(join(path, 'weights', 'lpips.safetensors')));
    const elsewhere = join(path, 'elsewhere');
    mkdirSync(elsewhere);
    // As if it had been stopped after the first step.
    const last = join(path, 'run', 'checkpoints', '2');
    const trainedWeights = readFileSync(join(last, 'model.safetensors'));
    rmSync(last, { recursive: true });
    const resumed = await onestep(['resume', join(path, 'run'), '--allow-fallback'], elsewhere);
    expect(resumed.code).toBe(0);
    expect(readFileSync(join(last, 'model.safetensors'))).toEqual(trainedWeights);
  });

  it('refuses weights of another network and says which', async () => {
    const failed = await onestep(
      ['train', recipeFile('vgg', { ...lpips, net: 'vgg16' }), '--out', join(path, 'no')],
      path,
    );
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/VGG16.*This looks like SqueezeNet 1\.1/);
  });

  it('says what is wrong with the description', async () => {
    const failed = await onestep(
      ['train', recipeFile('bad', { ...lpips, net: 'vgg' }), '--out', join(path, 'no')],
      path,
    );
    expect(failed.stderr).toMatch(/objective\.distance\.net: must be one of vgg16, alexnet, squeezenet, got "vgg"/);
    const unknown = await onestep(['train', recipeFile('l3', 'l3'), '--out', join(path, 'no')], path);
    expect(unknown.stderr).toMatch(
      /objective\.distance: must be one of l2, l1, .* or an object with name: "lpips", got "l3"/,
    );
  });
});
