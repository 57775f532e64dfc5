import { hostTensor, OnestepError } from '@onestep/tensor';
import {
  createTrainer,
  sampleSpread,
  type HostParams,
  type LogEntry,
  type Recipe,
  type Trainer,
  type TrainingState,
} from '@onestep/training';
import { checkpointSteps, createRun, openRun, type Run } from '@onestep/training/node';
import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Output } from '../output/output';
import { version } from '../version';
import { absoluteSpec, openTrainingData, type TrainingData } from './batches';
import type { Engine } from './engine';
import { firstWeights } from './first-weights';
import { draw, liveModel } from './model';
import { recipeNetwork } from './network';
import { distanceForRecipe, withAbsoluteWeights } from './recipe-distance';
import { savePicture } from './pictures';
import { withRunLock } from './run-lock';
import { samplingPlan } from './sampling-plan';
import { loadTeacher, teacherFor, type Teacher } from './teacher';
import { reportEvaluation, trainingEvaluator, type TrainingEvaluator } from './training-evaluation';
import { trainingRunner } from './workers';
import { watchReport, type WatchCounts } from './watch-report';

/** Images on the fixed-noise grids that a run writes while it trains, and steps where it takes a solver. */
const gridImages = 64;
const gridSteps = 8;

/** Copy of the teacher in the run's folder. */
const teacherFile = 'teacher.safetensors';

/** How a training is started or taken up again. */
export interface TrainRunOptions {
  readonly output: Output;
  /** Label of the progress line; default the recipe's method. */
  readonly phase?: string | undefined;
  /** Diffusion model for methods that distil, and to start from with `init.from: 'teacher'`. */
  readonly teacher?: Teacher | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What computes; default the current backend, op by op. */
  readonly engine?: Engine | undefined;
  /** Workers that divide every batch; default 1, the engine alone. */
  readonly workers?: number | undefined;
}

/** How a training ended. */
export interface TrainRunResult {
  readonly run: Run;
  readonly reason: 'done' | 'aborted' | 'early-stopped';
  readonly step: number;
  /** The best evaluation, of a run that is evaluated. */
  readonly best?: { readonly metric: string; readonly step: number; readonly value: number } | undefined;
  readonly seconds: number;
  /** One line: what executed the steps. */
  readonly engine: string;
  /** What the stability watch found in this part of the run, by what followed. */
  readonly watch: WatchCounts;
  /** Of one image. */
  readonly shape: readonly number[];
}

/** Starts a run in an empty folder. */
export async function startRun(folder: string, asked: Recipe, options: TrainRunOptions): Promise<TrainRunResult> {
  const dataset = { ...asked.dataset, spec: absoluteSpec(asked.dataset.spec) };
  const recipe = withAbsoluteWeights({ ...asked, dataset });
  const data = await openTrainingData(recipe);
  try {
    // Everything that can be wrong with the request is found before the folder is made.
    const trainer = await makeTrainer(recipe, data, {
      ...options,
      initial: await firstWeights(recipe, {
        teacher: options.teacher?.model.preconditioning.name,
        output: options.output,
      }),
    });
    try {
      const evaluator = await trainingEvaluator(recipe, data.shape, options.engine);
      await mkdir(folder, { recursive: true });
      return await withRunLock(folder, async () => {
        // A run is whole by itself: it can be resumed when the teacher's own run is gone.
        if (options.teacher !== undefined) await copyFile(options.teacher.path, join(folder, teacherFile));
        const run = await createRun(folder, { recipe, versions: { onestep: version }, data: data.id });
        return await train(run, trainer, { ...options, shape: data.shape, evaluator });
      });
    } finally {
      trainer.dispose();
    }
  } finally {
    data.close();
  }
}

/** Where {@link resumeRun} goes on. */
export interface ResumeOptions extends TrainRunOptions {
  /** Checkpoint to go on from; default the newest. */
  readonly step?: number | undefined;
  /** If that one is damaged, take the newest intact one. */
  readonly allowFallback?: boolean | undefined;
}

/** Goes on with a run from its newest checkpoint; one that was killed before its first begins again. */
export async function resumeRun(folder: string, options: ResumeOptions): Promise<TrainRunResult> {
  const run = await openRun(folder);
  return withRunLock(run.folder, () => goOn(run, options));
}

/** Other images would make another run of it, silently. */
function requireSameData({ folder, data: begunWith, recipe }: Run, { id }: TrainingData): void {
  if (begunWith === undefined || begunWith === id) return;
  throw new OnestepError(
    'bad-data-file',
    `${folder} was started on ${begunWith}, but ${recipe.dataset.spec} is now ${id}. Put the first one back, or start a new run.`,
    { details: { begunWith, found: id } },
  );
}

async function goOn(run: Run, options: ResumeOptions): Promise<TrainRunResult> {
  const begun = options.step !== undefined || (await checkpointSteps(run.folder)).length > 0;
  const state = begun
    ? await run.resume({ step: options.step, allowFallback: options.allowFallback ?? false })
    : undefined;
  if (!begun) await rm(join(run.folder, 'metrics.jsonl'), { force: true });
  const teacherPath = join(run.folder, teacherFile);
  const hasTeacher = (await stat(teacherPath).catch(() => undefined)) !== undefined;
  const data = await openTrainingData(run.recipe);
  try {
    requireSameData(run, data);
    const teacher = hasTeacher ? await loadTeacher(teacherPath) : undefined;
    const initial = begun
      ? undefined
      : await firstWeights(run.recipe, { teacher: teacher?.model.preconditioning.name, output: options.output });
    const trainer = await makeTrainer(run.recipe, data, { ...options, teacher, resume: state, initial });
    try {
      return await train(
        run,
        trainer,
        { ...options, shape: data.shape, evaluator: await trainingEvaluator(run.recipe, data.shape, options.engine) },
        state === undefined ? [] : await run.readMetrics(),
      );
    } finally {
      trainer.dispose();
    }
  } finally {
    data.close();
  }
}

/** Where a trainer begins: at a checkpoint, or at given weights. */
interface Beginning {
  readonly resume?: TrainingState | undefined;
  readonly initial?: HostParams | undefined;
}

async function makeTrainer(recipe: Recipe, data: TrainingData, options: TrainRunOptions & Beginning): Promise<Trainer> {
  const network = recipeNetwork(recipe, data);
  return createTrainer({
    recipe,
    network,
    batches: data.batches,
    labelNames: data.labelNames,
    teacher: options.teacher === undefined ? undefined : teacherFor(recipe, options.teacher.model),
    initial: options.initial,
    resume: options.resume,
    distance: await distanceForRecipe(recipe, options.output),
    runnerFactory: trainingRunner({ recipe, network, teacher: options.teacher }, options),
  });
}

async function train(
  run: Run,
  trainer: Trainer,
  {
    output,
    signal,
    engine,
    evaluator,
    ...options
  }: TrainRunOptions & Pick<TrainRunResult, 'shape'> & { readonly evaluator: TrainingEvaluator | undefined },
  logged: readonly LogEntry[] = [],
): Promise<TrainRunResult> {
  const { recipe } = run;
  const phase = options.phase ?? recipe.method;
  output.line(`${phase}: ${recipe.steps} steps of ${recipe.batchSize} images, ${trainer.description}`);
  output.event('start', {
    phase,
    folder: run.folder,
    step: trainer.step,
    steps: recipe.steps,
    engine: trainer.description,
  });

  if (trainer.freshParams.length > 0) {
    const count = trainer.freshParams.length;
    output.line(`${phase}: ${count} parameters of the second time are not in the given weights and begin at random`);
  }
  const losses = logged.map((entry) => entry.loss);
  const watch = watchReport(output, phase);
  const started = performance.now();
  const startStep = trainer.step;
  let rate: number | undefined;
  const { reason, step, best } = await trainer.run({
    signal,
    onStep({ step: done, loss }) {
      const perStep = (performance.now() - started) / 1000 / (done - startStep);
      output.progress({
        phase,
        done,
        total: recipe.steps,
        losses: [...losses, loss],
        imagesPerSecond: rate ?? recipe.batchSize / perStep,
        eta: perStep * (recipe.steps - done),
      });
    },
    async onLog(entry: LogEntry) {
      losses.push(entry.loss);
      rate = entry.imagesPerSecond;
      output.event('log', { phase, ...entry });
      const metric = evaluator?.metric.name;
      const evaluation = entry.evaluation && { metric, ...entry.evaluation };
      if (evaluation !== undefined) reportEvaluation(output, phase, metric ?? '', { step: entry.step, ...evaluation });
      await run.hooks.onLog({ ...entry, ...(evaluation === undefined ? {} : { evaluation }) });
    },
    onEvaluate: evaluator?.evaluate,
    async onSample({ step: at, params, model: description }) {
      // The first evaluation average, else the student itself.
      const name = recipe.ema[0]?.name ?? 'student';
      const free = description.kind === 'denoiser' && description.sampling === undefined;
      const wish = { steps: free ? gridSteps : undefined };
      const model = liveModel(description, params[name], {
        compile: engine?.compile ?? false,
        calls: gridImages * samplingPlan(description, wish).nfe,
      });
      try {
        const { images } = await draw(model, { count: gridImages, seed: recipe.seed, ...wish });
        if (description.shape.length === 3) {
          await mkdir(join(run.folder, 'samples'), { recursive: true });
          const file = join(run.folder, 'samples', `${String(at).padStart(7, '0')}.png`);
          await savePicture(file, images, description.shape, gridImages);
          output.event('samples', { phase, step: at, file });
        }
        return { std: sampleSpread(hostTensor(images, [gridImages, ...description.shape])) };
      } finally {
        model.dispose();
      }
    },
    onEvent: watch.onEvent,
    onCheckpoint: run.hooks.onCheckpoint,
  });
  const seconds = (performance.now() - started) / 1000;
  output.event('end', { phase, reason, step, seconds, watch: watch.counts });
  const { description: engineName } = trainer;
  const found = best && { metric: evaluator?.metric.name ?? '', ...best };
  return { run, reason, step, best: found, seconds, engine: engineName, watch: watch.counts, shape: options.shape };
}
