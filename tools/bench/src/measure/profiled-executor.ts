import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ortNode, type Executor, type Operator } from '@onestep/compile';
import type { ProfileEvent } from './operator-rates';

/** What ONNX Runtime saw of one session. */
export interface Profile {
  readonly events: readonly ProfileEvent[];
  readonly operators: readonly Operator[];
}

/**
 * Runs some work on an executor that measures every operator.
 *
 * @param work - opens one session, and closes it; that the closing is under way when it returns is enough
 * @throws Error if it opened none or several
 */
export async function profileOf(
  { threads }: { readonly threads: number },
  work: (executor: Executor) => Promise<void>,
): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), 'onestep-profile-'));
  try {
    const plain = await ortNode({ threads, profileTo: join(folder, 'profile') });
    const models: (readonly Operator[])[] = [];
    const closings: Promise<void>[] = [];
    const executor: Executor = {
      ...plain,
      async open(model, options) {
        models.push(options.operators ?? []);
        const session = await plain.open(model, options);
        return {
          run: (inputs, outputs) => session.run(inputs, outputs),
          dispose() {
            const closing = session.dispose();
            closings.push(closing);
            return closing;
          },
        };
      },
    };
    await work(executor);
    // A runner closes its sessions in the background.
    await new Promise((resolve) => setTimeout(resolve));
    await Promise.all(closings);
    const files = await readdir(folder);
    if (models.length !== 1 || files.length !== 1) {
      throw new Error(
        `profileOf: the work opened ${models.length} sessions and left ${files.length} profiles, expected 1 and 1.`,
      );
    }
    const text = await readFile(join(folder, files[0]), 'utf8');
    return { events: JSON.parse(text) as ProfileEvent[], operators: models[0] };
  } finally {
    await rm(folder, { recursive: true });
  }
}
