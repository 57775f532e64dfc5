import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAt, onestep, scratchFolder, start } from './support/cli';
import { smallRecipe, writeSmallDigits } from './support/small-data';

const scratch = scratchFolder();
const { path: cwd } = scratch;
afterAll(() => scratch.remove());

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
/** Sums of all weights and moments of a checkpoint; metrics carry times and are left out. */
const weights = (run: string, step: number): string[] =>
  ['model', 'ema-main', 'optimizer'].map((name) =>
    sha256(join(cwd, run, 'checkpoints', String(step), `${name}.safetensors`)),
  );

const recipe = (name: string, changes: Readonly<Record<string, unknown>> = {}): string => {
  writeFileSync(join(cwd, `${name}.json`), JSON.stringify(smallRecipe('digits', changes)));
  return `${name}.json`;
};

beforeAll(async () => {
  writeSmallDigits(join(cwd, 'digits'));
  const { code, stderr } = await onestep(
    ['train', recipe('straight'), '--out', 'runs/straight', '--backend', 'wasm'],
    cwd,
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

describe('onestep train', () => {
  it('writes recipe, metrics, checkpoints and the pointer to the newest', () => {
    const run = join(cwd, 'runs/straight');
    const steps = readFileSync(join(run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { step: number }).step);
    expect(steps).toEqual([5, 10, 15, 20, 25, 30, 35, 40]);
    expect(readFileSync(join(run, 'latest'), 'utf8').trim()).toBe('40');
    expect(['10', '20', '30', '40'].map((step) => existsSync(join(run, 'checkpoints', step)))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it('tunes a consistency model from the teacher, for each method', async () => {
    const teacher = join('runs/straight');
    for (const method of ['ect', 'cd', 'ct']) {
      const init = { from: method === 'ct' ? 'random' : 'teacher' };
      const file = recipe(method, { method, steps: 6, init, optimizer: { name: 'radam', learningRate: 1e-3 } });
      const flags = method === 'ct' ? [] : ['--teacher', teacher];
      const { code, stdout, stderr } = await onestep(
        ['train', file, '--out', `runs/${method}`, '--json', ...flags],
        cwd,
      );
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(events.at(-1)).toMatchObject({ reason: 'done', step: 6 });
    }
  });
});

describe('an interrupted run', () => {
  it('ends with a checkpoint and code 130 on Ctrl-C, and resumes to the same bytes', async () => {
    const { child, finished } = start(
      ['train', 'straight.json', '--out', 'runs/stopped', '--backend', 'wasm', '--json'],
      cwd,
    );
    killAt(child, 7, 'SIGINT');
    const { code, stdout } = await finished;
    expect(code).toBe(130);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ reason: 'aborted' });
    expect((await onestep(['resume', 'runs/stopped', '--backend', 'wasm'], cwd)).code).toBe(0);
    expect(weights('runs/stopped', 40)).toEqual(weights('runs/straight', 40));
  });

  it('resumes to the same bytes after SIGKILL', async () => {
    const { child, finished } = start(
      ['train', 'straight.json', '--out', 'runs/killed', '--backend', 'wasm', '--json'],
      cwd,
    );
    killAt(child, 23, 'SIGKILL');
    await finished;
    expect(existsSync(join(cwd, 'runs/killed/checkpoints/40'))).toBe(false);
    expect((await onestep(['resume', 'runs/killed', '--backend', 'wasm'], cwd)).code).toBe(0);
    expect(weights('runs/killed', 40)).toEqual(weights('runs/straight', 40));
  });

  it('resumes to the same bytes on augmented images, which its network is told of', async () => {
    const network = {
      name: 'song-unet',
      preset: 'ddpmpp-small',
      config: { modelChannels: 8, channelMultipliers: [1], attentionResolutions: [], augmentChannels: 9 },
    };
    const file = recipe('augmented', {
      network,
      dataset: { spec: 'digits', augment: { probability: 0.5 } },
      steps: 6,
      checkpoint: { everySteps: 3, keepLast: 3 },
      accumulation: 2,
    });
    const train = ['train', file, '--backend', 'wasm', '--json', '--out'];
    expect(await onestep([...train, 'runs/augmented'], cwd)).toMatchObject({ code: 0, stderr: '' });
    const { child, finished } = start([...train, 'runs/augmented-again'], cwd);
    killAt(child, 4, 'SIGKILL');
    await finished;
    expect(existsSync(join(cwd, 'runs/augmented-again/checkpoints/6'))).toBe(false);
    expect(await onestep(['resume', 'runs/augmented-again', '--backend', 'wasm'], cwd)).toMatchObject({ code: 0 });
    expect(weights('runs/augmented-again', 6)).toEqual(weights('runs/augmented', 6));
  });

  it('names the damaged file of a checkpoint, and goes on from an older one only when told', async () => {
    cpSync(join(cwd, 'runs/straight'), join(cwd, 'runs/damaged'), { recursive: true });
    const damagedFile = join(cwd, 'runs/damaged/checkpoints/40/optimizer.safetensors');
    const bytes = readFileSync(damagedFile);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(damagedFile, bytes);
    const refused = await onestep(['resume', 'runs/damaged', '--backend', 'wasm'], cwd);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/checkpoints.40.optimizer\.safetensors/);
    expect(refused.stderr.trim().split('\n')).toHaveLength(1);
    expect((await onestep(['resume', 'runs/damaged', '--backend', 'wasm', '--allow-fallback'], cwd)).code).toBe(0);
    expect(weights('runs/damaged', 40)).toEqual(weights('runs/straight', 40));
  });
});

describe('what a run leaves', () => {
  it('is sampled, the same images whatever the batch size', async () => {
    const optimizer = { name: 'radam', learningRate: 1e-3 };
    const file = recipe('sampled', { method: 'ect', steps: 2, init: { from: 'teacher' }, optimizer });
    const trained = await onestep(['train', file, '--teacher', 'runs/straight', '--out', 'runs/sampled'], cwd);
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    const sample = async (batchSize: number, out: string) =>
      onestep(
        [
          'sample',
          'runs/sampled',
          '--count',
          '6',
          '--steps',
          '2',
          '--batch-size',
          String(batchSize),
          '--out',
          out,
          '--json',
        ],
        cwd,
      );
    const first = await sample(6, 'a.png');
    expect(JSON.parse(first.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ nfe: 2, count: 6 });
    await sample(4, 'b.png');
    expect(sha256(join(cwd, 'a.png'))).toBe(sha256(join(cwd, 'b.png')));
  });

  it('is listed beside a run that is damaged', async () => {
    mkdirSync(join(cwd, 'runs', 'broken'), { recursive: true });
    writeFileSync(join(cwd, 'runs', 'broken', 'recipe.json'), '{');
    const { code, stdout, stderr } = await onestep(['runs'], cwd);
    expect(code).toBe(0);
    expect(stdout).toMatch(/straight/);
    expect(stderr).toMatch(/broken cannot be read/);
  });

  it('is inspected from inside its folder, and by a reader that stops reading', async () => {
    const checkpoint = join(cwd, 'runs/straight/checkpoints/40');
    expect((await onestep(['inspect', '.'], checkpoint)).stdout).toMatch(/checkpoint 40: intact/);
    const { child, finished } = start(['inspect', 'model.safetensors', '--tensors'], checkpoint);
    child.stdout?.destroy();
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
  });

  it('is listed and inspected', async () => {
    const runs = JSON.parse((await onestep(['runs', '--json'], cwd)).stdout) as { folder: string; step: number }[];
    expect(runs.find(({ folder }) => folder === join('runs', 'straight'))).toMatchObject({ step: 40, method: 'edm' });
    const run = JSON.parse((await onestep(['inspect', 'runs/straight', '--json'], cwd)).stdout) as Record<
      string,
      unknown
    >;
    expect(run).toMatchObject({ kind: 'run', latest: 40, checkpoint: { intact: true, imagesSeen: 320 } });
    const file = JSON.parse(
      (await onestep(['inspect', 'runs/straight/checkpoints/40/ema-main.safetensors', '--json'], cwd)).stdout,
    ) as Record<string, unknown>;
    expect(file).toMatchObject({ kind: 'weights', model: { kind: 'denoiser', shape: [8, 8, 1], numClasses: 2 } });
  });
});
