import { mergeSamples, sampleLayout } from '@onestep/data/node';
import type { Command } from 'commander';
import { extname, join } from 'node:path';
import { withLock } from '../compose/run-lock';
import { InterruptedError, UsageError } from '../errors';
import { interruptible } from '../interrupt';
import { createOutput } from '../output/output';

interface MergeFlags {
  readonly removeShards: boolean;
  readonly json: boolean;
}

/** `onestep sample merge PATH`: puts the shards of a stream together. */
export function addSampleMerge(sample: Command): void {
  sample
    .command('merge')
    .description('put finished shards together; the result has the bytes of a stream drawn at once')
    .argument('<path>', 'what --out was for every shard')
    .option('--remove-shards', 'remove the shards when the whole is there and checked', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (given: string, _: unknown, command: Command) => {
      // The parent has a --json of its own, which takes the flag.
      const flags = command.optsWithGlobals<MergeFlags>();
      const output = createOutput(flags);
      const path = join(given).replace(/[\\/]$/, '');
      if (['.png', '.safetensors'].includes(extname(path).toLowerCase())) {
        throw new UsageError(`${given} is no stream: expected a folder, .zip or .npz, as --out was for the shards.`);
      }
      const lock = sampleLayout(path) === 'folder' ? join(path, '.lock') : `${path}.part.lock`;
      const { index, places, kept, added } = await withLock(lock, path, () =>
        interruptible(
          () => output.warn('Stopping.'),
          (signal) =>
            mergeSamples(path, {
              removeShards: flags.removeShards,
              onProgress: ({ phase, done, total }) =>
                output.progress({ phase: phase === 'drawing' ? 'merging' : phase, done, total }),
              signal,
            }),
        ),
      );
      if (index === undefined) throw new InterruptedError('Interrupted. Run the same command again to go on.');
      const { checksum, job, file } = index;
      output.result(
        { file: places.data, index: places.index, count: job.count, kept, added, checksum, sha256: file?.sha256 },
        [`${job.count} images`, `Checksum ${checksum}`, `Written to ${places.data}`],
      );
    });
}
