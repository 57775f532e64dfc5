import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { onestep, scratchFolder } from './support/cli';
import { writeSmallDigits } from './support/small-data';

const scratch = scratchFolder();
afterAll(() => scratch.remove());

it('goes from data to one-step samples, and writes everything it announces', async () => {
  const { path: cwd } = scratch;
  writeSmallDigits(join(cwd, 'digits'));
  const { code, stderr } = await onestep(
    ['quickstart', '--dataset', './digits', '--steps', '4', '--out', 'out', '--seed', '1'],
    cwd,
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const summary = JSON.parse(readFileSync(join(cwd, 'out/summary.json'), 'utf8')) as {
    files: Record<string, string>;
    samples: Record<string, { nfe: number }>;
  };
  for (const file of Object.values(summary.files)) expect(existsSync(join(cwd, 'out', file))).toBe(true);
  expect(summary.samples).toMatchObject({ oneStep: { nfe: 1 }, twoStep: { nfe: 2 }, teacher: { nfe: 35 } });
  expect(readFileSync(join(cwd, 'out/loss.svg'), 'utf8')).toMatch(/^<svg /);
  expect(readFileSync(join(cwd, 'out/one-step.png')).subarray(1, 4).toString()).toBe('PNG');
});
