import { toBytes } from '@onestep/data';
import { saveImageGrid } from '@onestep/data/node';
import { UsageError } from '../errors';

/** Whole factor that makes a sheet of 8 small images a row about 700 pixels wide. */
function scaleFor(width: number, columns: number): number {
  return Math.max(1, Math.round(700 / (Math.min(columns, 8) * width)));
}

/** Writes images in [-1, 1] as one sheet. */
export async function savePicture(
  path: string,
  images: Float32Array,
  shape: readonly number[],
  count: number,
  columns = Math.ceil(Math.sqrt(count)),
): Promise<void> {
  if (shape.length !== 3) throw new UsageError(`A model of shape [${shape.join(', ')}] makes no pictures.`);
  const [height, width, channels] = shape;
  await saveImageGrid(path, toBytes(images), {
    shape: [height, width, channels],
    columns,
    scale: scaleFor(width, columns),
  });
}
