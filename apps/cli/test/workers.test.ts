import { readSafetensors } from '@onestep/tensor';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAt, onestep, scratchFolder, start } from './support/cli';

const scratch = scratchFolder();
const { path: cwd } = scratch;
afterAll(() => scratch.remove());

const flags = ['--batch-size', '16', '--backend', 'wasm', '--json'];

/** Five stages, the last two twice as long as the others. */
const stages = {
  name: 'stages',
  method: 'pd',
  dataset: { spec: 'mixture-2d' },
  network: { name: 'mlp', preset: 'mixture-mlp' },
  sigma: { min: 0.01, max: 10 },
  objective: { startScales: 16 },
  optimizer: { name: 'adam', learningRate: 1e-3 },
  ema: [{ name: 'main', decay: 0.9 }],
  init: { from: 'teacher' },
  batchSize: 16,
  steps: 36,
  checkpoint: { everySteps: 10 },
};

async function train(recipe: string, out: string, ...more: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await onestep(['train', recipe, '--out', out, ...flags, ...more], cwd);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

const file = (run: string, step: number, name: string): Buffer =>
  readFileSync(join(cwd, run, 'checkpoints', String(step), `${name}.safetensors`));

const sums = (run: string, step: number): string[] =>
  ['model', 'ema-main', 'optimizer'].map((name) =>
    createHash('sha256')
      .update(file(run, step, name))
      .digest('hex'),
  );

/** Largest difference of any weight of two runs. */
function largestDifference(one: string, other: string, step: number): number {
  const [a, b] = [one, other].map((run) => readSafetensors(new Uint8Array(file(run, step, 'model'))).tensors);
  return Math.max(
    ...Object.entries(a).map(([name, { data }]) =>
      Math.max(...Array.from(data, (value, i) => Math.abs(value - b[name].data[i]))),
    ),
  );
}

const steps = ['--steps', '12'];
beforeAll(() => train('mixture-2d-edm', 'whole', ...steps));

describe('onestep train --workers', () => {
  it('makes the run of an undivided engine, but for rounding, compiled and op by op', async () => {
    const said = await train('mixture-2d-edm', 'divided', ...steps, '--workers', '2');
    expect(said).toContain('"engine":"2 workers, each compiled for ONNX Runtime');
    const eager = await train('mixture-2d-edm', 'eager', ...steps, '--workers', '2', '--no-compile');
    expect(eager).toContain('"engine":"2 workers, each eager on wasm"');
    for (const run of ['divided', 'eager']) {
      expect(largestDifference('whole', run, 12)).toBeLessThan(2e-4);
    }
  });

  it('trains with a teacher, one that never changes and one that the student becomes', async () => {
    for (const [recipe, count] of [
      ['mixture-2d-cd', 6],
      ['mixture-2d-pd', 18],
    ] as const) {
      const run = ['--steps', String(count), '--teacher', 'whole'];
      await train(recipe, `${recipe}-whole`, ...run);
      await train(recipe, `${recipe}-divided`, ...run, '--workers', '2');
      expect(largestDifference(`${recipe}-whole`, `${recipe}-divided`, count)).toBeLessThan(1e-3);
    }
  });

  it('goes on bit for bit after a kill, in the middle of a stage', async () => {
    writeFileSync(join(cwd, 'stages.json'), JSON.stringify(stages));
    const run = ['--teacher', 'whole', '--workers', '2', '--no-compile'];
    await train('stages.json', 'straight', ...run);
    const { child, finished } = start(['train', 'stages.json', '--out', 'killed', ...flags, ...run], cwd);
    killAt(child, 28, 'SIGKILL');
    await finished;
    const resume = ['resume', 'killed', '--workers', '2', '--no-compile', '--backend', 'wasm'];
    expect((await onestep(resume, cwd)).code).toBe(0);
    expect(sums('killed', 36)).toEqual(sums('straight', 36));
  });

  it('says what cannot be divided, and leaves nothing behind', async () => {
    const odd = await onestep(
      ['train', 'mixture-2d-edm', '--out', 'odd', '--batch-size', '9', '--workers', '2', '--backend', 'wasm'],
      cwd,
    );
    expect(odd.code).toBe(2);
    expect(odd.stderr).toContain('--workers 2: a batch of 9 cannot be divided into 2 parts.');
    const none = await onestep(['train', 'mixture-2d-edm', '--out', 'odd', '--workers', '0'], cwd);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('Expected an integer in [1, 256]');
    expect(() => readFileSync(join(cwd, 'odd', 'recipe.json'))).toThrow('ENOENT');
  });
});
