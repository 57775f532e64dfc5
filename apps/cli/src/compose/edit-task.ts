import {
  colorize,
  denoise,
  editingSigmas,
  initialNoise,
  inpaint,
  interpolateImages,
  interpolateLatents,
  outpaintCanvas,
  outpaint,
  strokeGuided,
  superResolve,
  variations,
  type AnyDenoiser,
  type EditedImages,
  type EditImagesOptions,
  type EditingTask,
} from '@onestep/sampling';
import { hostTensor, type HostTensor } from '@onestep/tensor';
import type { ModelDescription } from '@onestep/training';
import { UsageError } from '../errors';
import type { EditFlags } from './edit-flags';
import { readMask, readPicture, type Picture, type Size } from './edit-inputs';
import { guessedFactor, inputSize } from './edit-sizes';
import { samplingPlan } from './sampling-plan';

/** An edit whose inputs are read and checked. */
export interface PreparedEdit {
  /** `[N, H, W, C]` of the model's size: what a sheet shows as input. */
  readonly input: HostTensor;
  /** `[1, H, W, 1]`, 1 where pixels are generated. */
  readonly mask?: HostTensor | undefined;
  /** Images that will be made. */
  readonly count: number;
  readonly sigmas: readonly number[];
  /** Network calls of a batch to expect, those of guessing a class with them. */
  readonly calls: number;
  readonly batches: number;
  /** Whether classes are guessed. */
  readonly guesses: boolean;
  /** Runs it with the model's function. */
  run(model: AnyDenoiser): Promise<EditedImages & { readonly sigmas?: readonly number[] }>;
}

/** Images between both ends of an interpolation, with them, unless told otherwise. */
const interpolationCount = 8;

/**
 * Reads what a task needs and checks it against the model, before anything is computed.
 *
 * @throws UsageError if a file or flag does not fit the model
 */
export async function prepareEdit(
  task: EditingTask,
  description: ModelDescription,
  flags: EditFlags,
): Promise<PreparedEdit> {
  const { shape, numClasses } = description;
  if (shape.length !== 3 || (shape[2] !== 1 && shape[2] !== 3)) {
    throw new UsageError(`A model of shape [${shape.join(', ')}] has no pictures to edit.`);
  }
  checkLabel(description, flags);
  if (flags.seeds !== undefined) return betweenSeeds(description, flags, flags.seeds);
  if (description.sampling !== undefined) {
    throw new UsageError(
      'These weights were trained at a few noise levels alone, and edits go through many. Choose a model of another method; ' +
        'what this one can do is `interpolate --seeds`.',
    );
  }
  const sigmas = levelsOf(task, description, flags);
  const common: Common = {
    task,
    flags,
    description,
    sigmas,
    options: (denoiser) => ({
      ...(description.kind === 'denoiser' ? { denoiser } : { consistencyFunction: denoiser }),
      ...(task === 'denoise' ? {} : { sigmas }),
      sigmaMin: description.sigmaMin,
      sigmaMax: description.sigmaMax,
      seed: flags.seed,
      batchSize: flags.batchSize,
      numClasses,
      guidanceScale: flags.guidanceScale,
      ...(numClasses === 0 ? {} : { label: flags.label === undefined ? 'guess' : () => flags.label }),
    }),
  };
  const edit = await (task === 'interpolate' ? betweenImages(common) : ofOneImage(common));
  const guesses = numClasses > 0 && flags.label === undefined;
  return { ...edit, guesses, calls: expectedCalls(common, guesses), batches: Math.ceil(edit.count / flags.batchSize) };
}

type OpenEdit = Omit<PreparedEdit, 'calls' | 'batches' | 'guesses'>;

interface Common {
  readonly task: EditingTask;
  readonly flags: EditFlags;
  readonly description: ModelDescription;
  readonly sigmas: readonly number[];
  readonly options: (denoiser: AnyDenoiser) => EditImagesOptions;
}

/** The tasks that start from one image. */
async function ofOneImage({ task, flags, description, sigmas, options }: Common): Promise<OpenEdit> {
  const { count = 1 } = flags;
  const picture = await inputOf(task, description, flags);
  const input = repeated(picture.image, count);
  const plain = { input, count, sigmas };
  switch (task) {
    case 'inpaint': {
      const mask = await holesOf(picture, description, flags);
      return { ...plain, mask, run: (model) => inpaint(input, { ...options(model), mask }) };
    }
    case 'outpaint': {
      const [top, right, bottom, left] = flags.margins ?? [0, 0, 0, 0];
      const margins = { top, right, bottom, left };
      const canvas = outpaintCanvas(input, margins);
      return {
        ...plain,
        input: canvas.images,
        mask: canvas.mask,
        run: (model) => outpaint(input, { ...options(model), margins }),
      };
    }
    case 'colorize':
      return { ...plain, run: (model) => colorize(input, options(model)) };
    case 'super-resolve': {
      const [height, width] = description.shape;
      const factor = flags.factor ?? guessedFactor([height, width], picture.fileSize);
      return { ...plain, run: (model) => superResolve(input, { ...options(model), factor, size: [height, width] }) };
    }
    case 'denoise':
      // A file of 8 bits has cut off the noise beyond black and white.
      return { ...plain, run: (model) => denoise(input, { ...options(model), sigma: flags.sigma, wasClipped: true }) };
    case 'stroke':
      return { ...plain, run: (model) => strokeGuided(input, options(model)) };
    default:
      return { ...plain, run: (model) => variations(picture.image, { ...options(model), count }) };
  }
}

/** From one image to another. */
async function betweenImages({ task, flags, description, sigmas, options }: Common): Promise<OpenEdit> {
  const { count = interpolationCount, encode } = flags;
  if (encode === 'invert' && description.kind !== 'denoiser') {
    throw new UsageError(
      '--encode: inverting an image needs a denoiser, and the model is a consistency function. Leave it out.',
    );
  }
  const pictures: Picture[] = [];
  for (const path of flags.image) pictures.push(await inputOf(task, description, flags, path));
  const input = joined(pictures.map(({ image }) => image));
  return { input, count, sigmas, run: (model) => interpolateImages(input, { ...options(model), count, encode }) };
}

/** From one noise to another, sampled as `onestep sample` does, so that the ends are its images. */
function betweenSeeds(
  description: ModelDescription,
  flags: EditFlags,
  ends: NonNullable<EditFlags['seeds']>,
): PreparedEdit {
  const { count = interpolationCount, label, guidanceScale, batchSize } = flags;
  const { numClasses, sigmaMin, shape } = description;
  const { sampler, samplerOptions, sigmas, nfe } = samplingPlan(description, {
    steps: flags.steps,
    sigmas: flags.sigmas,
  });
  const noises = ends.map(({ seed, index }) => initialNoise({ seed, indices: [index], shape, sigmaMax: sigmas[0] }));
  const classOf = (row: number): number => label ?? ends[2 * row < count - 1 ? 0 : 1].index % numClasses;
  return {
    input: hostTensor(new Float32Array(0), [0, ...shape]),
    count,
    sigmas,
    calls: nfe * (isGuided(flags) ? 2 : 1),
    batches: Math.ceil(count / batchSize),
    guesses: false,
    run: (denoiser) =>
      interpolateLatents(joined(noises), {
        ...(description.kind === 'denoiser' ? { denoiser } : { consistencyFunction: denoiser }),
        ...{ sampler, samplerOptions, sigmas, sigmaMin, numClasses, guidanceScale, batchSize, count },
        ...(numClasses === 0 ? {} : { label: classOf }),
        seed: ends[0].seed,
        indices: new Array<number>(count).fill(ends[0].index),
      }),
  };
}

/** Noise levels by flags, else by the task's preset. */
function levelsOf(task: EditingTask, description: ModelDescription, flags: EditFlags): readonly number[] {
  const { sigmaMin, sigmaMax } = description;
  const kind = description.kind === 'denoiser' ? 'denoiser' : 'consistency';
  if (flags.sigma !== undefined && flags.sigma > sigmaMax) {
    throw new UsageError(`--sigma: the model knows noise up to ${sigmaMax}, got ${flags.sigma}.`);
  }
  if (flags.sigmas !== undefined) {
    return kind === 'denoiser' && flags.sigmas.at(-1) !== 0 ? [...flags.sigmas, 0] : flags.sigmas;
  }
  const strength = flags.encode === 'invert' ? 1 : flags.strength;
  return editingSigmas(task, kind, { sigmaMin, sigmaMax, strength, steps: flags.steps });
}

/** What {@link PreparedEdit.calls} says. */
function expectedCalls({ task, flags, description, sigmas }: Common, guesses: boolean): number {
  const steps = sigmas.length - 1;
  const isWalk = task === 'stroke' || task === 'variations' || task === 'interpolate';
  const ofDenoiser = isWalk ? 2 * steps - 1 : steps;
  const once = task === 'denoise' ? 1 : description.kind === 'denoiser' ? ofDenoiser : sigmas.length;
  const inverting = flags.encode === 'invert' ? 2 * (steps - 1) : 0;
  const guessing = guesses
    ? description.numClasses * (task === 'denoise' ? 1 : 8) + (task === 'interpolate' ? once : 0)
    : 0;
  return (once + inverting + guessing) * (isGuided(flags) ? 2 : 1);
}

function isGuided({ guidanceScale = 1 }: EditFlags): boolean {
  return guidanceScale !== 1;
}

/** Reads the image of a task in the size the task wants it. */
function inputOf(
  task: EditingTask,
  description: ModelDescription,
  flags: EditFlags,
  path = flags.image[0],
): Promise<Picture> {
  const [height, width, channels] = description.shape;
  if (task === 'colorize' && channels !== 3) {
    throw new UsageError('colorize needs a model of colour images, and this one makes grey ones.');
  }
  return readPicture(path, {
    size: (fileSize) => inputSize(task, [height, width], fileSize, flags),
    channels: channels === 3 ? 3 : 1,
    resize: flags.resize,
    grayscale: flags.grayscale,
  });
}

/** The mask by flag, else the transparent part of the image. */
async function holesOf(picture: Picture, { shape }: ModelDescription, flags: EditFlags): Promise<HostTensor> {
  const { fileSize } = picture;
  const size: Size = [shape[0], shape[1]];
  const mask =
    flags.mask === undefined ? picture.holes : await readMask(flags.mask, { size, resize: flags.resize, fileSize });
  if (mask === undefined) {
    throw new UsageError('--mask: inpaint needs one (white is generated), or an image with transparent pixels.');
  }
  if (!mask.data.includes(1)) {
    throw new UsageError(
      `--mask: ${flags.mask ?? flags.image[0]} leaves nothing to generate. White (or transparent) pixels are generated, black ones kept.`,
    );
  }
  return mask;
}

function checkLabel({ numClasses, labelNames }: ModelDescription, { label, guidanceScale }: EditFlags): void {
  if (numClasses === 0 && (label !== undefined || (guidanceScale ?? 1) !== 1)) {
    throw new UsageError('--label and --guidance-scale: the model has no classes. Leave them out.');
  }
  if (label !== undefined && label >= numClasses) {
    const names = labelNames === undefined ? '' : ` (${labelNames.join(', ')})`;
    throw new UsageError(`--label: expected a class in [0, ${numClasses - 1}]${names}, got ${label}.`);
  }
}

/** One image `count` times. */
function repeated(image: HostTensor, count: number): HostTensor {
  return joined(new Array<HostTensor>(count).fill(image));
}

/** Batches one after the other. */
function joined(parts: readonly HostTensor[]): HostTensor {
  const size = parts[0].data.length;
  const data = new Float32Array(parts.length * size);
  parts.forEach((part, i) => data.set(part.data, i * size));
  return hostTensor(data, [parts.length * parts[0].shape[0], ...parts[0].shape.slice(1)]);
}
