import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { withRunLock } from '../src/compose/run-lock';
import { scratchFolder } from './support/cli';

const scratch = scratchFolder();
const lock = join(scratch.path, '.lock');
afterAll(() => scratch.remove());

it('refuses a folder that a living process writes to, and leaves its lock alone', async () => {
  writeFileSync(lock, `${process.ppid} ${hostname()}\n`);
  await expect(withRunLock(scratch.path, () => Promise.resolve(1))).rejects.toThrow(
    `in use by process ${process.ppid}`,
  );
  expect(existsSync(lock)).toBe(true);
});

it('takes over what a killed process left, and frees it whatever the job does', async () => {
  for (const stale of [`${2 ** 30} ${hostname()}\n`, '', 'garbage']) {
    writeFileSync(lock, stale);
    expect(await withRunLock(scratch.path, () => Promise.resolve(existsSync(lock)))).toBe(true);
    expect(existsSync(lock)).toBe(false);
  }
  await expect(withRunLock(scratch.path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(lock)).toBe(false);
});
