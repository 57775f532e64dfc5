import type { EditingTask } from '@onestep/sampling';
import { UsageError } from '../errors';
import type { EditFlags } from './edit-flags';
import type { Size } from './edit-inputs';

/** Size that a task's image must have, for a model of images `size`. */
export function inputSize(task: EditingTask, size: Size, fileSize: Size, { margins, factor, resize }: EditFlags): Size {
  const [height, width] = size;
  if (task === 'outpaint' && margins !== undefined) {
    const [top, right, bottom, left] = margins;
    const inner: Size = [height - top - bottom, width - left - right];
    if (inner.some((length) => length < 1)) {
      throw new UsageError(
        `--margins: the model makes ${size.join(' x ')} pixels, and the margins leave none of them.`,
      );
    }
    return inner;
  }
  if (task !== 'super-resolve') return size;
  if (factor !== undefined) return reduced(size, factor);
  if (resize) throw new UsageError('--factor: with --resize it must be given, since it says what size to scale to.');
  return reduced(size, guessedFactor(size, fileSize));
}

/** Blocks of factor x factor pixels that an image has; those at the right and lower edge may be smaller. */
function reduced([height, width]: Size, factor: number): Size {
  return [Math.ceil(height / factor), Math.ceil(width / factor)];
}

/** The factor that makes the model's size of the file's. */
export function guessedFactor(size: Size, fileSize: Size): number {
  for (let factor = 2; factor <= Math.max(...size); factor += 1) {
    const [height, width] = reduced(size, factor);
    if (height === fileSize[0] && width === fileSize[1]) return factor;
  }
  throw new UsageError(
    `--image: ${fileSize.join(' x ')} pixels (height x width) are no whole fraction of the model's ${size.join(' x ')}. ` +
      `Pass --factor with --resize, for example --factor 4 for an image of ${reduced(size, 4).join(' x ')}.`,
  );
}
