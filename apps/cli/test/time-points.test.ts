import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  chooseSearch,
  readTimePoints,
  timePointsPath,
  writeTimePoints,
  type TimePointSearch,
} from '../src/compose/time-points';
import { scratchFolder } from './support/cli';

const scratch = scratchFolder();
afterAll(() => scratch.remove());

const search: TimePointSearch = {
  steps: 2,
  sigmas: [80, 0.8],
  metric: 'fd-lenet',
  value: 3.5,
  seed: 1,
  count: 500,
  method: 'ternary',
};
const three: TimePointSearch = { ...search, steps: 3, sigmas: [80, 4, 0.8] };

let made = 0;
/** A weight file in a folder of its own. */
function modelFile(): string {
  made += 1;
  const folder = join(scratch.path, String(made));
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.safetensors'), `weights ${made}`);
  return join(folder, 'model.safetensors');
}

describe('time points', () => {
  it('are read as they were written, beside the weights, and nothing else is left there', async () => {
    const model = modelFile();
    expect(await writeTimePoints(model, search)).toEqual({ path: timePointsPath(model), replaced: false });
    await writeTimePoints(model, three);
    expect((await readTimePoints(model))?.searches).toEqual([search, three]);
    expect(readdirSync(join(model, '..')).sort()).toEqual(['model.safetensors', 'time-points.json']);
  });

  it('are none where there is no file', async () => {
    expect(await readTimePoints(modelFile())).toBeUndefined();
  });

  it('replace a search of the same steps and metric, and come last', async () => {
    const model = modelFile();
    await writeTimePoints(model, search);
    await writeTimePoints(model, three);
    await writeTimePoints(model, { ...search, value: 3 });
    await writeTimePoints(model, { ...search, metric: 'energy' });
    const points = await readTimePoints(model);
    expect(points?.searches.map(({ steps, metric, value }) => [steps, metric, value])).toEqual([
      [3, 'fd-lenet', 3.5],
      [2, 'fd-lenet', 3],
      [2, 'energy', 3.5],
    ]);
    expect(chooseSearch(points!)).toMatchObject({ steps: 2, metric: 'energy' });
    expect(chooseSearch(points!, { steps: 3 })).toEqual(three);
    expect(chooseSearch(points!, { steps: 4 })).toBeUndefined();
  });

  it('of other weights are refused by a reader and replaced by a writer, who says so', async () => {
    const model = modelFile();
    await writeTimePoints(model, three);
    writeFileSync(model, 'trained further');
    await expect(readTimePoints(model)).rejects.toThrow(/was made for other weights: .* Run `onestep tune/);
    expect(await writeTimePoints(model, search)).toMatchObject({ replaced: true });
    expect((await readTimePoints(model))?.searches).toEqual([search]);
  });

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'model must be a SHA-256'],
    [{ model: 'abc', searches: [] }, 'model must be a SHA-256'],
    [{ model: 'a'.repeat(64) }, 'searches must be a list'],
    [{ searches: [null] }, 'searches[0] must be an object'],
    [{ searches: [search, { ...search, steps: 0 }] }, 'searches[1].steps must be an integer >= 1'],
    [{ searches: [{ ...search, sigmas: [80] }] }, 'searches[0].sigmas must list 2 noise levels'],
    [{ searches: [{ ...search, sigmas: [80, 81] }] }, 'sigmas must be > 0 and strictly decreasing'],
    [{ searches: [{ ...search, sigmas: [80, '1'] }] }, 'sigmas must be > 0 and strictly decreasing'],
    [{ searches: [{ ...search, value: null }] }, 'value must be a number'],
    [{ searches: [{ ...search, method: 'luck' }] }, 'method must be one of ternary, golden, grid'],
    [{ searches: [{ ...search, count: 1.5 }] }, 'count must be an integer >= 1'],
    [{ searches: [{ ...search, seed: -1 }] }, 'seed must be an integer >= 0'],
    [{ searches: [{ ...search, metric: '' }] }, 'metric must be a name'],
  ])('refuse %o', async (content, message) => {
    const model = modelFile();
    await writeTimePoints(model, search);
    const { model: sha256 } = JSON.parse(readFileSync(timePointsPath(model), 'utf8')) as { readonly model: string };
    const text = typeof content === 'string' ? content : JSON.stringify({ model: sha256, ...content });
    writeFileSync(timePointsPath(model), text);
    const reading = readTimePoints(model);
    await expect(reading).rejects.toThrow('holds no time points');
    await expect(reading).rejects.toThrow(message);
  });
});
