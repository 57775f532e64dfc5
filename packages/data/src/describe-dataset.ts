import type { Dataset } from './dataset';

/** What `onestep dataset` prints. */
export interface DatasetDescription {
  readonly id: string;
  readonly length: number;
  readonly shape: readonly [number, number, number];
  readonly numClasses: number;
  readonly labelNames?: readonly string[] | undefined;
  /** Images per class, `numClasses` long. */
  readonly classCounts: readonly number[];
  /** Images without a label. */
  readonly unlabelled: number;
  /** Over all pixels and channels, on the scale [-1, 1]. */
  readonly mean: number;
  /** Population standard deviation on the scale [-1, 1]: what `sigmaData` stands for. */
  readonly std: number;
  readonly channelMeans: readonly number[];
  readonly channelStds: readonly number[];
}

/**
 * Reads a whole dataset and counts its classes and pixel statistics.
 *
 * Sums of bytes and of their squares are exact integers in double precision (up to 2^37 pixels), so the result does not
 * depend on the order of the images.
 *
 * @param dataset - the source
 * @param options - `onProgress` is called with the number of images read, about a hundred times
 * @returns counts, and means and deviations in double precision
 */
export async function describeDataset(
  dataset: Dataset,
  { onProgress }: { readonly onProgress?: (imagesRead: number) => void } = {},
): Promise<DatasetDescription> {
  const { id, length, shape, numClasses, labelNames } = dataset;
  const [height, width, channels] = shape;
  const bytes = new Uint8Array(height * width * channels);
  const classCounts = new Array<number>(numClasses).fill(0);
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  const reportEvery = Math.max(1, Math.ceil(length / 100));
  let unlabelled = 0;
  for (let index = 0; index < length; index += 1) {
    const label = await dataset.read(index, bytes);
    if (label < 0 || numClasses === 0) unlabelled += 1;
    else classCounts[label] += 1;
    for (let i = 0; i < bytes.length; i += 1) {
      sums[i % channels] += bytes[i];
      squares[i % channels] += bytes[i] * bytes[i];
    }
    if ((index + 1) % reportEvery === 0 || index + 1 === length) onProgress?.(index + 1);
  }
  const pixels = length * height * width;
  const total = moments(sum(sums), sum(squares), pixels * channels);
  const perChannel = Array.from(sums, (channelSum, c) => moments(channelSum, squares[c], pixels));
  return {
    id,
    length,
    shape,
    numClasses,
    labelNames,
    classCounts,
    unlabelled,
    ...total,
    channelMeans: perChannel.map(({ mean }) => mean),
    channelStds: perChannel.map(({ std }) => std),
  };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

/** Mean and deviation on the scale [-1, 1] from sums over bytes. */
function moments(total: number, squares: number, count: number): { readonly mean: number; readonly std: number } {
  const byteMean = total / count;
  const byteVariance = Math.max(0, squares / count - byteMean * byteMean);
  return { mean: byteMean / 127.5 - 1, std: Math.sqrt(byteVariance) / 127.5 };
}
