import { execFile } from 'node:child_process';

/** A Python that can import PyTorch. */
export interface TorchPython {
  readonly python: string;
  readonly version: string;
}

/**
 * Looks for a Python with PyTorch: `preferred`, the environment variable PYTHON, `python3`, `/usr/bin/python3`.
 *
 * @returns the first that has it, or undefined
 */
export async function findTorch(preferred?: string): Promise<TorchPython | undefined> {
  const candidates = [preferred, process.env.PYTHON, 'python3', '/usr/bin/python3'];
  for (const python of new Set(candidates)) {
    if (python === undefined || python === '') continue;
    const version = await torchVersion(python);
    if (version !== undefined) return { python, version };
  }
  return undefined;
}

function torchVersion(python: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(python, ['-c', 'import torch; print(torch.__version__)'], { timeout: 60_000 }, (error, stdout) =>
      resolve(error === null ? stdout.trim() : undefined),
    );
  });
}
