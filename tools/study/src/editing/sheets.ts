import { saveImageGrid } from '@onestep/data/node';
import {
  interpolateImages,
  outpaint,
  outpaintCanvas,
  strokeGuided,
  variations,
  type EditImagesOptions,
} from '@onestep/sampling';
import { hostTensor, type HostTensor } from '@onestep/tensor';
import { join } from 'node:path';
import { clipped } from './baselines';
import type { EditingModel } from './editing-model';
import { firstInputs, type EditingInputs } from './inputs';
import { drawnStrokes } from './strokes';
import type { EditingTaskPlan } from './tasks';

/** A picture of the report. */
export interface Sheet {
  /** File name. */
  readonly file: string;
  /** What its rows show, from the top. */
  readonly rows: readonly string[];
}

/** Images side by side on a sheet. */
export const sheetColumns = 8;

const seedsShown = 3;

/** What sheets are made with. */
export interface SheetOptions {
  readonly model: EditingModel;
  readonly inputs: EditingInputs;
  /** Of edits: class, seed. */
  readonly options: EditImagesOptions;
  readonly seed: number;
  readonly folder: string;
}

/** Draws the sheet of a task: originals, what is given, what takes no model, results. */
export async function taskSheet(
  task: EditingTaskPlan,
  { inputs, options, seed, folder }: SheetOptions,
): Promise<Sheet> {
  const few = firstInputs(inputs, sheetColumns);
  const { given, baselines, edits } = await task.prepare(few);
  const rows: [name: string, images: HostTensor][] = [
    ['originals', few.images],
    ['given', given],
  ];
  for (const { name, images } of baselines) if (name !== 'as it is') rows.push([name, images]);
  for (const { name, edit } of edits) {
    for (let i = 0; i < (task.isRandom ? seedsShown : 1); i += 1) {
      const { images } = await edit({ ...options, seed: seed + i });
      rows.push([task.isRandom ? `${name}, seed ${seed + i}` : name, images]);
    }
  }
  return saveSheet(folder, `${task.name}.png`, rows);
}

/** Draws what has no right answer: interpolation, strokes, variations, outpainting. */
export async function freeSheet({ model, inputs, options, seed, folder }: SheetOptions): Promise<Sheet> {
  // Strokes and mixtures have no true class.
  const own: EditImagesOptions = { ...options, seed, label: model.numClasses === 0 ? undefined : 'guess' };
  const { images, labels } = firstInputs(inputs, 2 * sheetColumns);
  const other = Math.max(
    1,
    labels.findIndex((label) => label !== labels[0]),
  );
  const ends = stacked([imageOf(images, 0), imageOf(images, other)]);
  const walk = await interpolateImages(ends, { ...own, count: sheetColumns });
  const drawn = drawnStrokes(inputs.dataset, images.shape.slice(1));
  const strokes = stacked([drawn, drawn]);
  const painted = await strokeGuided(strokes, own);
  const varied = await variations(imageOf(images, 0), { ...own, count: sheetColumns - 1 });
  const margins = { bottom: images.shape[1] >> 2 };
  const cut = upperRows(firstInputs(inputs, sheetColumns).images, images.shape[1] - margins.bottom);
  const extended = await outpaint(cut, { ...own, margins });
  return saveSheet(folder, 'free.png', [
    ['cross-fade of two test images', walk.known],
    ['interpolation', walk.images],
    ['strokes drawn by a program', strokes],
    ['stroke-guided, two noises', painted.images],
    ['a test image and seven variations', stacked([imageOf(images, 0), varied.images])],
    ['test images without their lowest quarter', outpaintCanvas(cut, margins).images],
    ['outpaint', extended.images],
  ]);
}

async function saveSheet(
  folder: string,
  file: string,
  rows: readonly [name: string, images: HostTensor][],
): Promise<Sheet> {
  const [, height, width, channels] = rows[0][1].shape;
  const size = height * width * channels;
  const all = new Float32Array(rows.length * sheetColumns * size).fill(-1);
  rows.forEach(([, images], row) => all.set(clipped(images).data, row * sheetColumns * size));
  await saveImageGrid(join(folder, file), all, { shape: [height, width, channels], columns: sheetColumns, scale: 2 });
  return { file, rows: rows.map(([name]) => name) };
}

function imageOf({ data, shape }: HostTensor, index: number): HostTensor {
  const size = data.length / shape[0];
  return hostTensor(Float32Array.from(data.subarray(index * size, (index + 1) * size)), [1, ...shape.slice(1)]);
}

function stacked(parts: readonly HostTensor[]): HostTensor {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let filled = 0;
  for (const part of parts) {
    data.set(part.data, filled);
    filled += part.data.length;
  }
  return hostTensor(data, [parts.reduce((sum, { shape }) => sum + shape[0], 0), ...parts[0].shape.slice(1)]);
}

/** The first rows of every image. */
function upperRows({ data, shape }: HostTensor, kept: number): HostTensor {
  const [count, height, width, channels] = shape;
  const size = height * width * channels;
  const part = kept * width * channels;
  const upper = new Float32Array(count * part);
  for (let i = 0; i < count; i += 1) upper.set(data.subarray(i * size, i * size + part), i * part);
  return hostTensor(upper, [count, kept, width, channels]);
}
