import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/onestep.js', import.meta.url));

/** How a command ended and what it printed. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the built command line, as a user would. */
export function start(
  args: readonly string[],
  cwd: string,
): { readonly child: ChildProcess; readonly finished: Promise<Finished> } {
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, finished };
}

/** Sends a signal once, when the progress events (`--json`) say that step `step` is done. */
export function killAt(child: ChildProcess, step: number, signal: NodeJS.Signals): void {
  let seen = '';
  const listen = (chunk: Buffer): void => {
    seen += chunk.toString();
    if (!seen.includes(`"done":${step},`)) return;
    child.stdout?.off('data', listen);
    child.kill(signal);
  };
  child.stdout?.on('data', listen);
}

/** Runs it to the end. */
export function onestep(args: readonly string[], cwd: string): Promise<Finished> {
  return start(args, cwd).finished;
}

/** A folder that is gone after the tests of a file. */
export function scratchFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'onestep-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
