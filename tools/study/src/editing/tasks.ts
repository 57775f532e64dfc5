import {
  denoise,
  estimateSigma,
  inpaint,
  reduceImages,
  superResolve,
  type EditedImages,
  type EditImagesOptions,
} from '@onestep/sampling';
import { hostTensor, randomStream, type HostTensor } from '@onestep/tensor';
import { centredHole, clipped, enlarged, filled, rightHalf } from './baselines';
import type { EditingInputs } from './inputs';
import { blockMeanError, knownPixelError } from './known-error';

/** One way to do a task. */
export interface NamedImages {
  readonly name: string;
  readonly images: HostTensor;
}

/** A task on given originals. */
export interface PreparedTask {
  /** What an editor sees, as a picture: grey holes, repeated pixels, noise that is cut off. */
  readonly given: HostTensor;
  /** What takes no model. */
  readonly baselines: readonly NamedImages[];
  /** With the model; several where the model can be told more or less. */
  readonly edits: readonly {
    readonly name: string;
    readonly edit: (options: EditImagesOptions) => Promise<EditedImages>;
  }[];
  /** Largest error of what is known, of 8-bit results and originals, in levels of 255. */
  readonly knownError?: ((bytes: Uint8Array, originals: Uint8Array) => number) | undefined;
  readonly note?: string | undefined;
}

/** A task of the study. */
export interface EditingTaskPlan {
  /** Of its sheet. */
  readonly name: string;
  readonly title: string;
  /** Whether other noise gives other results. */
  readonly isRandom: boolean;
  readonly prepare: (inputs: EditingInputs) => Promise<PreparedTask>;
}

/** Std of the noise that is removed, in [-1, 1]. */
export const noiseLevel = 0.5;

/** Every task that is scored. */
export const editingStudyTasks: readonly EditingTaskPlan[] = [
  inpaintPlan('inpaint-centre', 'inpaint, centred 12 x 12 hole', (shape) => centredHole(shape, 12)),
  inpaintPlan('inpaint-right', 'inpaint, right half', rightHalf),
  superResolvePlan(2),
  superResolvePlan(4),
  {
    name: 'denoise',
    title: `denoise, sigma ${noiseLevel}`,
    isRandom: false,
    prepare: ({ images }) => {
      const noisy = withNoise(images, noiseLevel);
      const levels = estimateSigma(noisy).sort((a, b) => a - b);
      const at = (share: number): string => levels[Math.floor(share * (levels.length - 1))].toFixed(3);
      return Promise.resolve({
        given: clipped(noisy),
        baselines: [{ name: 'as it is', images: clipped(noisy) }],
        edits: [
          { name: 'model, level told', edit: (options) => denoise(noisy, { ...options, sigma: noiseLevel }) },
          { name: 'model, level estimated', edit: (options) => denoise(noisy, options) },
        ],
        note: `Noise of ${noiseLevel} is estimated as ${at(0.5)} (median; 5 to 95 % of the images: ${at(0.05)} to ${at(0.95)}).`,
      });
    },
  },
];

function inpaintPlan(name: string, title: string, maskOf: (shape: readonly number[]) => HostTensor): EditingTaskPlan {
  return {
    name,
    title,
    isRandom: true,
    prepare: ({ images, mean }) => {
      const [, height, width, channels] = images.shape;
      const mask = maskOf([height, width]);
      const empty = filled(images, mask, () => 0);
      return Promise.resolve({
        given: empty,
        baselines: [{ name: 'mean fill', images: filled(images, mask, (element) => mean[element]) }],
        // What is edited has no trace of what belongs into the holes.
        edits: [{ name: 'model', edit: (options) => inpaint(empty, { ...options, mask }) }],
        knownError: (bytes, originals) => knownPixelError(bytes, originals, { mask: mask.data, channels }),
      });
    },
  };
}

function superResolvePlan(factor: number): EditingTaskPlan {
  return {
    name: `super-resolve-${factor}`,
    title: `super-resolve, ${factor} x`,
    isRandom: true,
    prepare: async ({ images }) => {
      const [, height, width, channels] = images.shape;
      const low = await reduceImages(images, factor);
      const size = [height, width] as const;
      const given = await enlarged(low, size, 'nearest');
      return {
        given,
        baselines: [
          { name: 'as it is', images: given },
          { name: 'bicubic', images: await enlarged(low, size, 'bicubic-antialias') },
        ],
        edits: [{ name: 'model', edit: (options) => superResolve(low, { ...options, factor, size }) }],
        knownError: (bytes, originals) =>
          blockMeanError(bytes, originals, { shape: [height, width, channels], factor }),
      };
    },
  };
}

/** Images with noise of a level; image i always gets the same. */
function withNoise({ data, shape }: HostTensor, sigma: number): HostTensor {
  const size = data.length / shape[0];
  const noisy = Float32Array.from(data);
  for (let i = 0; i < shape[0]; i += 1) {
    randomStream(0, 'study.image-noise', i)
      .normal(size)
      .forEach((z, k) => (noisy[i * size + k] += sigma * z));
  }
  return hostTensor(noisy, shape);
}
