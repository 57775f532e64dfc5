import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onestep, scratchFolder } from './support/cli';
import { smallRecipe, writeSmallDigits } from './support/small-data';

const scratch = scratchFolder();
const { path: cwd } = scratch;
afterAll(() => scratch.remove());

beforeAll(async () => {
  writeSmallDigits(join(cwd, 'digits'));
  for (const method of ['edm', 'ct']) {
    writeFileSync(join(cwd, `${method}.json`), JSON.stringify(smallRecipe('digits', { method, steps: 2 })));
    expect((await onestep(['train', `${method}.json`, '--out', method, '--no-compile'], cwd)).code).toBe(0);
  }
});

describe('onestep export', () => {
  it('writes the one-step generator, and finds it equal to the model at other batch sizes', async () => {
    const { code, stdout, stderr } = await onestep(['export', 'ct', '--out', 'ct.onnx', '--json'], cwd);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as { kind: string; inputs: object; maxError: number };
    expect(result.kind).toBe('generator');
    expect(Object.keys(result.inputs)).toEqual(['noise', 'sigma', 'labels']);
    expect(result.maxError).toBeLessThan(1e-4);
  });

  it('writes a denoiser, and refuses to call it a generator', async () => {
    const written = await onestep(['export', 'edm', '--out', 'edm.onnx', '--json'], cwd);
    expect(JSON.parse(written.stdout)).toMatchObject({ kind: 'denoiser' });
    const refused = await onestep(['export', 'edm', '--what', 'generator', '--out', 'never.onnx'], cwd);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/denoiser/);
    expect(existsSync(join(cwd, 'never.onnx'))).toBe(false);
  });
});
