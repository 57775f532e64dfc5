import { toBytes } from '@onestep/data';
import { saveImageGrid } from '@onestep/data/node';
import { UsageError } from '../errors';
import { draw, type Drawn, type DrawOptions, type LiveModel } from './model';

/** Whole factor that makes a sheet of 8 small images a row about 700 pixels wide. */
function scaleFor(width: number, columns: number): number {
  return Math.max(1, Math.round(700 / (Math.min(columns, 8) * width)));
}

/** Draws a square sheet of images and writes it as PNG. */
export async function saveGrid(path: string, model: LiveModel, options: DrawOptions): Promise<Drawn> {
  const drawn = await draw(model, options);
  await savePicture(path, drawn.images, model.description.shape, options.count);
  return drawn;
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
