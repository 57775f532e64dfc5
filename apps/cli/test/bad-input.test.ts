import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onestep, scratchFolder } from './support/cli';
import { smallRecipe, writeSmallDigits } from './support/small-data';

const scratch = scratchFolder();
const { path: cwd } = scratch;
beforeAll(() => {
  writeSmallDigits(join(cwd, 'digits'));
  writeFileSync(join(cwd, 'good.json'), JSON.stringify(smallRecipe('digits')));
});
afterAll(() => scratch.remove());

/** Runs a command that must fail with one sentence on stderr. */
async function fails(args: readonly string[]): Promise<{ readonly code: number | null; readonly message: string }> {
  const { code, stderr } = await onestep(args, cwd);
  expect(stderr).not.toMatch(/\n\s+at /);
  return { code, message: stderr.trim() };
}

describe('bad usage ends with code 2 and a sentence', () => {
  it('for an unknown command or option, suggesting the nearest', async () => {
    expect(await fails(['tran'])).toMatchObject({ code: 2, message: expect.stringMatching(/train/) as string });
    expect(await fails(['sample', 'x', '--stesp', '2'])).toMatchObject({
      code: 2,
      message: expect.stringMatching(/--steps/) as string,
    });
  });

  it('for negative or fractional steps, before anything is written', async () => {
    for (const steps of ['-3', '1.5', 'many']) {
      const { code, message } = await fails(['quickstart', '--steps', steps, '--out', 'never']);
      expect(code).toBe(2);
      expect(message).toMatch(/integer >= 2/);
    }
    expect(existsSync(join(cwd, 'never'))).toBe(false);
  });

  it('for numbers out of range, naming the range as people write it', async () => {
    for (const [flag, value, range] of [
      ['--learning-rate', '0', '> 0'],
      ['--guidance', '-1', '>= 0'],
      ['--label-dropout', '1.5', 'in \\[0, 1\\]'],
    ]) {
      const { code, message } = await fails(['train', 'good.json', flag, value, '--out', 'never']);
      expect({ code, message }).toEqual({ code: 2, message: expect.stringMatching(`number ${range}\\.`) as string });
    }
  });

  it('for augmentation that the network is not told of, before anything is written', async () => {
    const dataset = { spec: 'digits', augment: {} };
    writeFileSync(join(cwd, 'leaking.json'), JSON.stringify(smallRecipe('digits', { dataset })));
    const { code, message } = await fails(['train', 'leaking.json', '--out', 'never']);
    expect(code).toBe(2);
    expect(message).toMatch(/dataset\.augment: network "adm-unet" takes no augmentation labels/);
    expect(existsSync(join(cwd, 'never'))).toBe(false);
  });

  it('for a recipe with an unknown key, naming its path and the nearest known one', async () => {
    writeFileSync(
      join(cwd, 'typo.json'),
      JSON.stringify(smallRecipe('digits', { optimizer: { name: 'adam', learningRat: 1 } })),
    );
    const { code, message } = await fails(['train', 'typo.json', '--out', 'never']);
    expect(code).toBe(2);
    expect(message).toMatch(/optimizer\.learningRat/);
    expect(message).toMatch(/learningRate/);
  });

  it('for an unknown recipe name, a recipe that is not JSON, and a missing teacher', async () => {
    expect((await fails(['train', 'mnist-meanflo'])).message).toMatch(/mnist-meanflow/);
    const unknown = await fails(['train', 'nothing-like-it']);
    expect(unknown).toEqual({ code: 2, message: expect.stringMatching(/`onestep recipes` lists/) as string });
    expect(unknown.message.length).toBeLessThan(200);
    writeFileSync(join(cwd, 'broken.json'), '{');
    expect(await fails(['train', 'broken.json'])).toMatchObject({ code: 2 });
    writeFileSync(join(cwd, 'cd.json'), JSON.stringify(smallRecipe('digits', { method: 'cd' })));
    expect((await fails(['train', 'cd.json'])).message).toMatch(/--teacher/);
  });

  it('for flags that do not apply, before a run is made', async () => {
    expect((await fails(['train', 'good.json', '--teacher', 'digits', '--out', 'never'])).message).toMatch(/uses none/);
    expect((await fails(['sample', 'x', '--sigmas', '80,'])).message).toMatch(/numbers separated by commas/);
    expect((await fails(['runs', 'nowhere'])).message).toBe('onestep: nowhere does not exist.');
    writeFileSync(join(cwd, 'dropout.json'), JSON.stringify(smallRecipe('digits', { dropout: 0.1 })));
    expect(await fails(['train', 'dropout.json', '--out', 'never'])).toMatchObject({ code: 2 });
    expect(existsSync(join(cwd, 'never'))).toBe(false);
  });

  it('for data that the network cannot take, without leaving a plan behind', async () => {
    writeSmallDigits(join(cwd, 'odd'), { side: 7 });
    const { code, message } = await fails(['quickstart', '--dataset', 'odd', '--steps', '2', '--out', 'never']);
    expect(code).toBe(2);
    expect(message).toMatch(/divisible by 4/);
    expect(existsSync(join(cwd, 'never'))).toBe(false);
  });

  it('for a quickstart that would go on with another plan than asked for', async () => {
    mkdirSync(join(cwd, 'begun'), { recursive: true });
    const plan = { method: 'ect', dataset: 'mnist', seed: 0, classConditional: true, teacherSteps: 1, studentSteps: 1 };
    writeFileSync(join(cwd, 'begun', 'plan.json'), JSON.stringify(plan));
    const { code, message } = await fails(['quickstart', '--dataset', 'digits', '--out', 'begun']);
    expect(code).toBe(2);
    expect(message).toMatch(/another --dataset/);
    writeFileSync(join(cwd, 'begun', 'plan.json'), '{');
    expect((await fails(['quickstart', '--out', 'begun'])).message).toMatch(/plan\.json is damaged/);
  });

  it('for an output folder that holds something', async () => {
    mkdirSync(join(cwd, 'full'), { recursive: true });
    writeFileSync(join(cwd, 'full', 'keep.txt'), 'mine');
    expect((await fails(['train', 'good.json', '--out', 'full'])).code).toBe(2);
    expect(readFileSync(join(cwd, 'full', 'keep.txt'), 'utf8')).toBe('mine');
  });
});

describe('bad data ends with a sentence that names the file', () => {
  it('for truncated images, a wrong magic number, and an empty folder', async () => {
    const cut = writeSmallDigits(join(cwd, 'cut'));
    truncateSync(join(cut, 'train-images-idx3-ubyte'), 500);
    const magic = writeSmallDigits(join(cwd, 'magic'));
    const images = readFileSync(join(magic, 'train-images-idx3-ubyte'));
    images[2] = 9;
    writeFileSync(join(magic, 'train-images-idx3-ubyte'), images);
    mkdirSync(join(cwd, 'empty'), { recursive: true });
    for (const folder of ['cut', 'magic', 'empty']) {
      const { code, message } = await fails(['dataset', folder]);
      expect([1, 2]).toContain(code);
      expect(message).toContain(folder);
      expect(message.split('\n')).toHaveLength(1);
      expect((await fails(['quickstart', '--dataset', folder, '--steps', '2', '--out', 'never'])).code).toBe(code);
    }
    expect(existsSync(join(cwd, 'never'))).toBe(false);
  });

  it('for an unfinished quickstart, saying how to go on', async () => {
    mkdirSync(join(cwd, 'begun'), { recursive: true });
    writeFileSync(join(cwd, 'begun', 'plan.json'), '{}');
    const { code, message } = await fails(['resume', 'begun']);
    expect(code).toBe(2);
    expect(message).toMatch(/onestep quickstart --out begun/);
  });

  it('for a run whose images were exchanged, naming both', async () => {
    writeSmallDigits(join(cwd, 'first'), { count: 32 });
    writeFileSync(join(cwd, 'few.json'), JSON.stringify(smallRecipe('first', { steps: 1, batchSize: 2 })));
    expect((await onestep(['train', 'few.json', '--out', 'exchanged', '--backend', 'cpu'], cwd)).code).toBe(0);
    writeSmallDigits(join(cwd, 'first'), { count: 48 });
    const { code, message } = await fails(['resume', 'exchanged', '--backend', 'cpu']);
    expect(code).toBe(1);
    expect(message).toMatch(/was started on idx\/train\/\w+, but .*first is now idx\/train\/\w+/);
  });

  it('for a file of pairs that exists already', async () => {
    writeFileSync(join(cwd, 'there.safetensors'), 'pairs of somebody');
    const args = ['pairs', 'anything', '--count', '2', '--out', 'there.safetensors'];
    expect(await fails(args)).toMatchObject({ code: 2, message: expect.stringMatching(/exists.*--force/) as string });
    expect(readFileSync(join(cwd, 'there.safetensors'), 'utf8')).toBe('pairs of somebody');
  });

  it('for a place that holds no run, and weights that are no weights', async () => {
    expect((await fails(['resume', 'digits'])).message).toMatch(/holds no run/);
    writeFileSync(join(cwd, 'junk.safetensors'), 'this is not a weight file at all');
    expect((await fails(['inspect', 'junk.safetensors'])).code).toBe(1);
    expect((await fails(['sample', 'junk.safetensors', '--out', 'junk.png'])).code).toBe(1);
    expect(existsSync(join(cwd, 'junk.png'))).toBe(false);
  });

  it('for an output that cannot be written', async () => {
    writeFileSync(join(cwd, 'file'), '');
    const { code, message } = await fails(['train', 'good.json', '--out', 'file/run', '--steps', '1']);
    expect([1, 2]).toContain(code);
    expect(message).toMatch(/file/);
  });
});
