import { readSafetensors } from '@onestep/tensor';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onestep, scratchFolder } from './support/cli';

const scratch = scratchFolder();
const { path: cwd } = scratch;
afterAll(() => scratch.remove());

const shared = ['--backend', 'wasm', '--no-compile'];

/** Trains a recipe on the mixture for a few steps and returns its last event. */
async function train(recipe: string, out: string, ...flags: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await onestep(
    ['train', '--recipe', recipe, '--steps', '16', '--batch-size', '8', '--out', out, '--json', ...shared, ...flags],
    cwd,
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return lastLine(stdout);
}

function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

/** Draws four points and returns what the command says, and the values. */
async function sample(model: string, ...flags: readonly string[]) {
  const out = `${model.replaceAll('/', '-')}.safetensors`;
  const { code, stdout, stderr } = await onestep(
    ['sample', model, '--count', '4', '--out', out, '--json', ...shared, ...flags],
    cwd,
  );
  const values = code === 0 ? readSafetensors(new Uint8Array(readFileSync(join(cwd, out)))).tensors.images : undefined;
  return { code, stderr, facts: code === 0 ? lastLine(stdout) : {}, values };
}

beforeAll(async () => {
  expect(await train('mixture-2d-edm', 'edm')).toMatchObject({
    reason: 'done',
    step: 16,
    watch: { skip: 0, rollback: 0 },
  });
  const { code, stdout } = await onestep(
    [
      'pairs',
      'edm',
      '--count',
      '20',
      '--batch-size',
      '8',
      '--steps',
      '3',
      '--out',
      'pairs.safetensors',
      '--json',
      ...shared,
    ],
    cwd,
  );
  expect(code).toBe(0);
  expect(lastLine(stdout)).toMatchObject({ length: 20, sampler: 'heun', steps: 3, nfe: 5, sigmaMax: 10, shape: [2] });
}, 60_000);

describe('a model that jumps', () => {
  it('starts from a teacher without a second time, and is sampled in one step and in several', async () => {
    await train('mixture-2d-ctm', 'ctm', '--teacher', 'edm');
    expect(await sample('ctm')).toMatchObject({ code: 0, facts: { sampler: 'one-step', nfe: 1 } });
    const { facts, values } = await sample('ctm', '--steps', '3');
    expect(facts).toMatchObject({ sampler: 'multistep', nfe: 3 });
    expect(values?.data.every(Number.isFinite)).toBe(true);
    expect((await onestep(['inspect', 'ctm'], cwd)).stdout).toMatch(/jump function over \[2\]/);
  });

  it('is exported as a generator that agrees with it', async () => {
    await train('mixture-2d-meanflow', 'meanflow');
    const { code, stdout } = await onestep(['export', 'meanflow', '--out', 'meanflow.onnx', '--json'], cwd);
    expect(code).toBe(0);
    expect(lastLine(stdout)).toMatchObject({ kind: 'generator' });
    expect(existsSync(join(cwd, 'meanflow.onnx'))).toBe(true);
  });
});

describe('a model of a few noise levels', () => {
  it('learns from pairs, and refuses the steps it was not trained for', async () => {
    await train('mixture-2d-kd', 'kd', '--teacher', 'edm', '--pairs', 'pairs.safetensors');
    expect(await sample('kd')).toMatchObject({ code: 0, facts: { sampler: 'one-step', sigmas: [10] } });
    const refused = await sample('kd', '--steps', '2');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/trained at one noise level alone/);
  });

  it('is distilled progressively, and sampled over the intervals of its last stage', async () => {
    await train('mixture-2d-pd', 'pd', '--teacher', 'edm');
    expect(await sample('pd')).toMatchObject({ code: 0, facts: { sampler: 'euler', sigmas: [10, 0.01], nfe: 1 } });
  });
});

describe('a rectified flow', () => {
  it('is trained, straightened on its own pairs and distilled', async () => {
    await train('mixture-2d-reflow', 'flow');
    expect(await sample('flow', '--steps', '4')).toMatchObject({ code: 0, facts: { sampler: 'euler', nfe: 4 } });
    await onestep(
      ['pairs', 'flow', '--count', '20', '--steps', '4', '--out', 'flow-pairs.safetensors', ...shared],
      cwd,
    );
    await train('mixture-2d-reflow-2', 'flow-2', '--teacher', 'flow', '--pairs', 'flow-pairs.safetensors');
    await train('mixture-2d-reflow-distill', 'flow-1', '--init-from', 'flow-2', '--pairs', 'flow-pairs.safetensors');
    expect(await sample('flow-1')).toMatchObject({ code: 0, facts: { sampler: 'one-step', nfe: 1 } });
  });
});

describe('averages made after training', () => {
  it('are put together from those a run stored', async () => {
    const { stdout } = await onestep(['recipes', 'mixture-2d-edm', '--json'], cwd);
    const { recipe } = JSON.parse(stdout) as { recipe: Record<string, unknown> };
    const power = (relativeStd: number) => ({ name: `w${relativeStd}`, power: { relativeStd } });
    const changed = { ...recipe, ema: [power(0.05), power(0.1)], checkpoint: { everySteps: 2, keepEvery: 2 } };
    writeFileSync(join(cwd, 'power.json'), JSON.stringify(changed));
    await train('power.json', 'power');
    const made = await onestep(['ema', 'power', '--relative-std', '0.07', '--out', 'ema.safetensors', '--json'], cwd);
    expect(made.code).toBe(0);
    expect(lastLine(made.stdout)).toMatchObject({ step: 16, relativeStd: 0.07, snapshots: 16 });
    expect((await sample('ema.safetensors')).code).toBe(0);
    const missing = await onestep(
      ['ema', 'power', '--relative-std', '0.07', '--step', '15', '--out', 'no.safetensors'],
      cwd,
    );
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(/no averages stored at step 15, expected one of 2, 4, /);
    expect((await onestep(['ema', 'edm', '--relative-std', '0.07', '--out', 'no.safetensors'], cwd)).code).toBe(2);
    expect(existsSync(join(cwd, 'no.safetensors'))).toBe(false);
  });
});

describe('what the watch finds', () => {
  it('is told as it happens, and counted at the end', async () => {
    const { stdout } = await onestep(['recipes', 'mixture-2d-edm', '--json'], cwd);
    const { recipe } = JSON.parse(stdout) as { recipe: Record<string, unknown> };
    // Every gradient above 1.0001 times the median is an outlier.
    const watch = { policy: 'skip', gradFactor: 1.0001, lossFactor: null, window: 8, maxEvents: 100 };
    writeFileSync(join(cwd, 'watch.json'), JSON.stringify({ ...recipe, watch, steps: 24, batchSize: 8 }));
    const run = await onestep(['train', 'watch.json', '--out', 'watch', '--json', ...shared], cwd);
    expect(run.code).toBe(0);
    const events = run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const found = events.filter(({ event }) => event === 'watch');
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatchObject({ kind: 'gradients', action: 'skip' });
    expect(events.at(-1)).toMatchObject({ watch: { skip: found.length } });
    expect(run.stderr).toMatch(/gradient norm is .* The update was discarded\./);
  });
});

describe('a run that blows up', () => {
  it('ends with code 1, says why once, and speaks of no checkpoint where there is none', async () => {
    const { code, stdout, stderr } = await onestep(
      [
        'train',
        'mixture-2d-edm',
        '--learning-rate',
        '1e30',
        '--batch-size',
        '8',
        '--out',
        'blown',
        '--json',
        ...shared,
      ],
      cwd,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^onestep: trainer: the (loss|gradient norm) is .* at step \d+: sigma of the batch is/);
    expect(stderr).toMatch(/Lower optimizer\.learningRate or set optimizer\.clipNorm\.\n$/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toMatch(/"event":"watch".*"action":"stop"/);
    expect(existsSync(join(cwd, 'blown', 'checkpoints'))).toBe(false);
  });
});

describe('flags that do not fit', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no recipe', ['train'], /no recipe is named/],
    ['two recipes', ['train', 'mnist-edm', '--recipe', 'mnist-ect'], /Two recipes/],
    ['a method without its teacher', ['train', 'mixture-2d-pd'], /needs a teacher/],
    [
      'pairs for a method that takes none',
      ['train', 'mixture-2d-edm', '--pairs', 'pairs.safetensors'],
      /learns from images alone/,
    ],
    ['a method without its pairs', ['train', 'mixture-2d-kd', '--teacher', 'edm'], /onestep pairs TEACHER/],
    [
      'a file that holds no pairs',
      ['train', 'mixture-2d-kd', '--teacher', 'edm', '--pairs', 'edm/recipe.json'],
      /edm\/recipe\.json/,
    ],
    [
      'a file of pairs that is not there',
      ['train', 'mixture-2d-kd', '--teacher', 'edm', '--pairs', 'nowhere'],
      /nowhere does not exist/,
    ],
    [
      'a folder in the place of pairs',
      ['train', 'mixture-2d-kd', '--teacher', 'edm', '--pairs', 'edm'],
      /edm is a folder, expected a file of pairs/,
    ],
    [
      'fewer steps than there are stages',
      ['train', 'mixture-2d-pd', '--teacher', 'edm', '--steps', '3'],
      /7 stages need at least 9 steps, got 3/,
    ],
    [
      'guidance of a teacher without classes',
      ['train', 'mixture-2d-cd', '--teacher', 'edm', '--guidance', '2'],
      /unconditional/,
    ],
    ['dropped labels where there are none', ['train', 'mixture-2d-edm', '--label-dropout', '0.1'], /unconditional/],
    [
      'slices that do not divide the batch',
      ['train', 'mixture-2d-edm', '--batch-size', '8', '--accumulation', '3'],
      /accumulation: must divide batchSize/,
    ],
    ['weights that are not there', ['train', 'mixture-2d-edm', '--init-from', 'nowhere'], /nowhere does not exist/],
    ['pairs of a model that is no denoiser', ['pairs', 'ctm', '--count', '4', '--out', 'no.safetensors'], /jump model/],
    ['an unknown recipe', ['recipes', 'mixture-2d-meanflo'], /did you mean "mixture-2d-meanflow"/],
  ];
  it.each(cases)('end with a sentence: %s', async (_, args, message) => {
    const { code, stderr } = await onestep([...args, ...(args[0] === 'train' ? ['--out', 'never'] : [])], cwd);
    expect([1, 2]).toContain(code);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(join(cwd, 'never'))).toBe(false);
    expect(existsSync(join(cwd, 'no.safetensors'))).toBe(false);
  });
});
