import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onestep, scratchFolder } from './support/cli';

const scratch = scratchFolder();
const { path: cwd } = scratch;
afterAll(() => scratch.remove());

const shared = ['--backend', 'wasm', '--no-compile'];

async function train(recipe: string, out: string): Promise<void> {
  const flags = ['--recipe', recipe, '--steps', '12', '--batch-size', '8', '--out', out];
  expect(await onestep(['train', ...flags, ...shared], cwd)).toMatchObject({ code: 0 });
}

async function tune(model: string, ...flags: readonly string[]) {
  const { code, stdout, stderr } = await onestep(['tune', model, '--count', '60', '--json', ...shared, ...flags], cwd);
  const lines = stdout.trim().split('\n').filter(Boolean);
  return { code, stderr, events: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

beforeAll(async () => {
  await Promise.all([train('mixture-2d-ct', 'ct'), train('mixture-2d-edm', 'edm')]);
}, 60_000);

describe('onestep tune', () => {
  it('writes the best levels it found beside the weights, the same ones whatever the batch', async () => {
    const first = await tune('ct', '--steps', '2', '--levels', '12');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const result = first.events.at(-1);
    expect(result).toMatchObject({
      steps: 2,
      metric: 'sliced-wasserstein',
      seed: 0,
      count: 60,
      reference: 'mixture-2d',
    });
    const values = first.events.flatMap(({ event, value }) => (event === 'evaluation' ? [value as number] : []));
    expect(result?.value).toBe(Math.min(...values));
    expect(result?.evaluations).toBe(values.length);

    const second = await tune('ct', '--steps', '2', '--levels', '12', '--batch-size', '7');
    expect(second.events.at(-1)?.sigmas).toEqual(result?.sigmas);
    await tune('ct', '--steps', '3', '--method', 'golden', '--metric', 'energy');
    const { file } = result as { readonly file: string };
    const { searches } = JSON.parse(readFileSync(join(cwd, file), 'utf8')) as { readonly searches: readonly unknown[] };
    expect(searches).toMatchObject([
      { steps: 2, sigmas: result?.sigmas, method: 'ternary' },
      { steps: 3, metric: 'energy', method: 'golden' },
    ]);
  }, 60_000);

  it.each([
    ['a denoiser', 'edm', ['--steps', '2'], 'is a denoiser, sampled by a solver'],
    ['a metric for pictures', 'ct', ['--steps', '2', '--metric', 'fd-lenet'], 'fd-lenet is for grey images'],
    [
      'other data',
      'ct',
      ['--steps', '2', '--dataset', 'mixture-16d'],
      'mixture-16d holds items of [16], the model makes [2]',
    ],
    ['one step', 'ct', ['--steps', '1'], 'Expected an integer in [2, 64]'],
    [
      'more steps than levels',
      'ct',
      ['--steps', '4', '--levels', '4'],
      'steps must be at most 3 on a grid of 4 levels, got 4',
    ],
  ])('refuses %s', async (_, model, flags, message) => {
    const { code, stderr } = await tune(model, ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
