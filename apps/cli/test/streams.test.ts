import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAt, onestep, scratchFolder, start } from './support/cli';
import { smallRecipe, writeSmallDigits } from './support/small-data';

const scratch = scratchFolder();
const { path: cwd } = scratch;
afterAll(() => scratch.remove());

const sample = ['sample', 'ct', '--backend', 'wasm', '--no-compile', '--batch-size', '8', '--count', '45'];
const read = (name: string): Buffer => readFileSync(join(cwd, name));

beforeAll(async () => {
  writeSmallDigits(join(cwd, 'digits'));
  writeFileSync(join(cwd, 'ct.json'), JSON.stringify(smallRecipe('digits', { method: 'ct', steps: 2 })));
  expect((await onestep(['train', 'ct.json', '--out', 'ct', '--no-compile'], cwd)).code).toBe(0);
  const { code, stderr } = await onestep([...sample, '--out', 'whole.npz', '--grid'], cwd);
  expect(stderr).toBe('');
  expect(code).toBe(0);
}, 180_000);

describe('onestep sample --out of a stream', () => {
  it('writes an archive, its index and a sheet', () => {
    const index = JSON.parse(read('whole.npz.json').toString()) as { job: object; checksum: string };
    expect(index).toMatchObject({ layout: 'npz', job: { seed: 0, count: 45, shape: [8, 8, 1], sampler: 'one-step' } });
    expect(read('whole.grid.png').subarray(1, 4).toString()).toBe('PNG');
    expect(readdirSync(cwd).filter((name) => name.startsWith('whole'))).toEqual([
      'whole.grid.png',
      'whole.npz',
      'whole.npz.json',
    ]);
  });

  it('has the same bytes after kill -9 and another batch size', async () => {
    const { child, finished } = start([...sample, '--out', 'killed.npz', '--json'], cwd);
    killAt(child, 24, 'SIGKILL');
    expect((await finished).code).toBe(null);
    expect(existsSync(join(cwd, 'killed.npz'))).toBe(false);
    const { code, stdout } = await onestep([...sample, '--batch-size', '5', '--out', 'killed.npz', '--json'], cwd);
    expect(code).toBe(0);
    const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { kept: number; added: number };
    expect(result.kept).toBeGreaterThanOrEqual(24);
    expect(result.kept + result.added).toBe(45);
    expect(read('killed.npz').equals(read('whole.npz'))).toBe(true);
  });

  it('has the same bytes in shards, and can be asked for again', async () => {
    for (const index of ['0', '1', '2']) {
      const env = { JOB_COMPLETION_INDEX: index, ONESTEP_SHARDS: '3' };
      const { code } = await withEnv(env, () => onestep([...sample, '--out', 'shards.npz'], cwd));
      expect(code).toBe(0);
    }
    const merged = await onestep(['sample', 'merge', 'shards.npz', '--remove-shards', '--json'], cwd);
    expect(merged.stderr).toBe('');
    expect(read('shards.npz').equals(read('whole.npz'))).toBe(true);
    const again = await onestep([...sample, '--out', 'shards.npz'], cwd);
    expect(again.stdout).toMatch(/all there already, checked/);
    expect(readdirSync(cwd).filter((name) => name.startsWith('shards'))).toEqual(['shards.npz', 'shards.npz.json']);
  });

  it('ends at Ctrl-C with code 130 and goes on afterwards', async () => {
    const { child, finished } = start([...sample, '--out', 'stopped', '--json'], cwd);
    killAt(child, 16, 'SIGINT');
    const { code, stderr } = await finished;
    expect(code).toBe(130);
    expect(stderr).toMatch(/of 45 samples\. Run the same command again/);
    expect((await onestep([...sample, '--out', 'stopped'], cwd)).code).toBe(0);
    const dataset = await onestep(['dataset', 'stopped'], cwd);
    expect(dataset.stdout).toMatch(/45 images of \[8, 8, 1\]/);
  });

  it('refuses with a sentence and code 2, leaving everything as it was', async () => {
    mkdirSync(join(cwd, 'full'));
    writeFileSync(join(cwd, 'full', 'keep.txt'), 'mine');
    writeFileSync(join(cwd, 'file'), '');
    const before = readdirSync(cwd).sort();
    for (const [flags, message] of [
      [['--out', 'whole.npz', '--seed', '5'], /another job: seed is 0 there, 5 here/],
      [['--out', 'full'], /full is not empty and holds no samples/],
      [['--out', 'new.npz', '--shard', '4/3'], /Expected I\/N/],
      [['--out', 'new.npz', '--shards', '3'], /--shard I\/N/],
      [['--out', 'new.png', '--shard', '1/3'], /only a stream has parts/],
      [['--out', 'new.jpg'], /\.png, \.safetensors, \.zip or \.npz, or a folder/],
      [['--out', 'new.npz', '--sampler', 'heun'], /solvers are for denoisers.*Samplers for it: .*multistep/],
      [['--out', 'new.npz', '--sampler', 'multistep', '--sampler-option', 'renoise=no'], /takes one of paper, ect/],
      [['--out', 'new.npz', '--sampler-option', 'eta=1'], /one-step has no option "eta"; it takes none/],
      [['--out', 'new.npz', '--sigmas', '80,90'], /must not increase/],
      [['--out', 'new.npz', '--steps', 'auto'], /onestep tune/],
      [['--out', 'new.npz', '--label', '7'], /class in \[0, 1\]/],
    ] as const) {
      const { code, stderr } = await onestep([...sample, ...flags], cwd);
      expect({ flags, code, stderr }).toEqual({ flags, code: 2, stderr: expect.stringMatching(message) as string });
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    const unwritable = await onestep([...sample, '--out', 'file/new.npz'], cwd);
    expect(unwritable.code).toBe(1);
    expect(unwritable.stderr).toMatch(/is a file where a folder is needed/);
    expect(readdirSync(cwd).sort()).toEqual(before);
    expect((await onestep(['sample', 'merge', 'nothing.npz'], cwd)).stderr).toMatch(/no finished shards/);
  }, 240_000);
});

it('onestep samplers lists what --sampler takes', async () => {
  const { stdout } = await onestep(['samplers', '--json'], cwd);
  const all = JSON.parse(stdout) as { name: string; nfe: string; accepts: string }[];
  expect(all.find(({ name }) => name === 'heun')).toMatchObject({ accepts: 'denoiser', nfe: '2 N - 1' });
  expect((await onestep(['samplers', 'huen'], cwd)).stderr).toMatch(/No sampler is named "huen"/);
});

async function withEnv<T>(env: Readonly<Record<string, string>>, job: () => Promise<T>): Promise<T> {
  Object.assign(process.env, env);
  try {
    return await job();
  } finally {
    for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
  }
}
