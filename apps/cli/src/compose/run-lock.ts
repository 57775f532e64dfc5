import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../errors';

/**
 * Runs a job while no other process writes to the same run folder. A lock that a killed process left behind is taken
 * over.
 *
 * @param folder - of the run; it exists
 * @throws UsageError if a living process on this machine holds the lock
 */
export function withRunLock<T>(folder: string, job: () => Promise<T>): Promise<T> {
  return withLock(join(folder, '.lock'), folder, job);
}

/** The same for anything that a file can lock; `place` is what errors call it. */
export async function withLock<T>(file: string, place: string, job: () => Promise<T>): Promise<T> {
  const own = `${process.pid} ${hostname()}\n`;
  while (!(await createdNew(file, own))) {
    const [pid, host] = (await readFile(file, 'utf8').catch(() => '')).trim().split(' ');
    if (host === hostname() && Number(pid) !== process.pid && isAlive(Number(pid))) {
      throw new UsageError(
        `${place} is in use by process ${pid}. Wait for it to end, or remove ${file} if that is another program.`,
      );
    }
    await rm(file, { force: true });
  }
  try {
    return await job();
  } finally {
    await rm(file, { force: true });
  }
}

async function createdNew(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It lives, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
