import { compile } from '@onestep/compile';
import { karrasSigmas, rectifiedFlowSigmas, tensorSpace } from '@onestep/core';
import { batchIndices, loadIntoMemory, makeHostBatch } from '@onestep/data';
import { openDataset, saveImageGrid } from '@onestep/data/node';
import { fdLenet } from '@onestep/metrics/node';
import { networkFromConfig } from '@onestep/models';
import { heun } from '@onestep/sampling';
import { hostTensor, toHost, toTensor, type HostTensor } from '@onestep/tensor';
import type { BatchSource } from '@onestep/training';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { modelCalls } from '../rows/model-calls';
import { RowRunner, rowsFor, studyEngine, type Setting } from '../rows/run-rows';
import type { TrainedModel } from '../rows/trained-model';
import { imageRange, mnistRows, teacherRow } from './rows';

/** What is asked for. */
export interface MnistStudyOptions {
  /** Seconds for everything: a fifth trains the teacher, a tenth scores, the rest is shared evenly by the rows. */
  readonly budgetSeconds: number;
  readonly seed: number;
  readonly rows?: readonly string[] | undefined;
  /** Samples that are scored. */
  readonly samples: number;
  /** Where the pictures go, `NAME-nfe-N.png`; the same noise in each. */
  readonly pictures?: string | undefined;
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** One line of the table. */
export interface MnistLine {
  readonly name: string;
  readonly start: string;
  readonly steps: number;
  /** Of training, pairs included. */
  readonly seconds: number;
  /** FD-LeNet against the training images, by number of network calls. */
  readonly byNfe: Readonly<Record<number, number>>;
}

/** The study's result: its lines and what real images score. */
export interface MnistReport {
  readonly lines: readonly MnistLine[];
  readonly floor: number;
  readonly weights: string;
}

const shape = [28, 28, 1] as const;
const scoredCalls = [1, 2] as const;
const picturesOf = 48;

/** Trains the teacher once and every row with an equal share of the time, and scores them all. */
export async function studyMnist(options: MnistStudyOptions): Promise<MnistReport> {
  const { budgetSeconds, samples, onProgress } = options;
  const rows = rowsFor([teacherRow(), ...mnistRows()], options.rows);
  const executor = await studyEngine(availableParallelism());
  const runner = new RowRunner(await mnistSetting(options), executor);
  const share = (0.7 * budgetSeconds) / Math.max(1, rows.filter(({ name }) => name !== 'edm').length);
  const lines: MnistLine[] = [];
  let floor = Number.NaN;
  let weights = '';
  const score = async (name: string, nfe: number, images: HostTensor): Promise<number> => {
    if (options.pictures !== undefined) await savePictures(join(options.pictures, `${name}-nfe-${nfe}.png`), images);
    const receipt = await fdLenet(images, { dataset: 'mnist', compile });
    floor = receipt.floor.value;
    weights = receipt.featureNetwork.sha256;
    return receipt.value;
  };
  for (const row of rows) {
    const seconds = row.name === 'edm' ? 0.2 * budgetSeconds : share;
    const trained = await runner.train(row, { seconds });
    if (row.name === 'edm') runner.teacher = trained.model;
    const byNfe: Record<number, number> = {};
    for (const nfe of scoredCalls) {
      const plan = row.samples[nfe];
      if (plan === undefined) continue;
      const images = await runner.sample(runner.modelFor(row, trained, nfe), plan, samples);
      byNfe[nfe] = await score(row.name, nfe, images);
    }
    if (row.name === 'edm') {
      const images = await heunSamples(runner, trained.model, samples);
      byNfe[35] = await score('edm', 35, images);
    }
    lines.push({ name: row.name, start: row.start, steps: trained.steps, seconds: trained.seconds, byNfe });
    onProgress?.(`${row.name}: ${trained.steps} steps, ${trained.seconds.toFixed(0)} s, ${JSON.stringify(byNfe)}`);
  }
  return { lines, floor, weights };
}

async function mnistSetting({ seed, onProgress }: MnistStudyOptions): Promise<Setting> {
  const batchSize = 64;
  const { sigmaMin, sigmaMax } = imageRange;
  return {
    seed,
    shape,
    sigmaMin,
    sigmaMax,
    batchSize,
    sampleBatch: 250,
    common: {
      dataset: { spec: 'mnist' },
      network: { name: 'adm-unet', preset: 'mnist-tiny' },
      sigma: { min: sigmaMin, max: sigmaMax },
      optimizer: { name: 'adam', learningRate: 1e-3 },
      // A twentieth of the images seen: short runs get useful averages too.
      ema: [{ name: 'main', halfLifeImages: 20_000, rampUp: 0.05 }],
      batchSize,
      seed,
      logging: { everySteps: 1000 },
    },
    batches: await digits(batchSize, seed),
    network: ({ secondTime = false }) => networkFromConfig({ preset: 'mnist-tiny', config: { secondTime } }),
    // The teacher's own network: a student that jumps has a second time that it does not know.
    teacher: (_, params) => ({ params, network: networkFromConfig({ preset: 'mnist-tiny' }) }),
    pairs: {
      count: 6000,
      fromTeacher: (noise, runner) => solvedPairs(runner, noise),
      flow: { kind: 'euler', levels: rectifiedFlowSigmas(20, 999) },
    },
    onProgress,
  };
}

async function digits(batchSize: number, seed: number): Promise<BatchSource> {
  const dataset = await loadIntoMemory(await openDataset('mnist', { split: 'train' }));
  const indices = batchIndices({ length: dataset.length, batchSize, seed });
  return async (batchNumber) => ({ images: (await makeHostBatch(dataset, indices(batchNumber))).images });
}

/** Heun's method with 18 levels, as the EDM paper samples. */
async function heunSamples(runner: RowRunner, teacher: TrainedModel, count: number): Promise<HostTensor> {
  return solve(runner, teacher, runner.noiseOf(count), 18);
}

async function solvedPairs(runner: RowRunner, noise: HostTensor): Promise<HostTensor> {
  if (runner.teacher === undefined) throw new TypeError('study: pairs need the teacher, which was not trained.');
  return solve(runner, runner.teacher, noise, 10);
}

/** The ODE of a denoiser from noise to images, `levels` points and a last step to 0. */
async function solve(
  { executor, setting }: RowRunner,
  model: TrainedModel,
  noise: HostTensor,
  levels: number,
): Promise<HostTensor> {
  const { sampleBatch } = setting;
  const sigmas = [...karrasSigmas(levels, imageRange), 0];
  const size = shape[0] * shape[1];
  const calls = await modelCalls(model, { batchSize: sampleBatch, executor });
  const all = new Float32Array(noise.data.length);
  for (let first = 0; first < noise.shape[0]; first += sampleBatch) {
    const part = noise.data.slice(first * size, (first + sampleBatch) * size);
    const x = toTensor(hostTensor(Float32Array.from(part, (value) => value * sigmas[0]), [sampleBatch, ...shape])); // prettier-ignore
    const images = await heun.sample((at, sigma) => calls.denoise(at, sigma), x, { space: tensorSpace, sigmas });
    all.set((await toHost(images)).data, first * size);
    x.dispose();
    images.dispose();
  }
  await calls.dispose();
  return hostTensor(all, noise.shape);
}

async function savePictures(path: string, { data }: HostTensor): Promise<void> {
  const size = shape[0] * shape[1];
  const clipped = Float32Array.from(data.subarray(0, picturesOf * size), (value) => Math.min(1, Math.max(-1, value)));
  await saveImageGrid(path, clipped, { shape, columns: 12, scale: 2 });
}
