import type { LogEntry } from '@onestep/training';
import { openRun, saveModel } from '@onestep/training/node';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors';
import type { Output } from '../output/output';
import { lossPlot } from '../plots/loss-plot';
import { findModel, type FoundModel } from './find-model';
import { writeWhole } from './folders';
import { draw, liveModel, type Drawn } from './model';
import { savePicture } from './pictures';
import { studentRecipe, teacherRecipe, type QuickstartPlan } from './quickstart-plan';
import { loadTeacher } from './teacher';
import { resumeRun, startRun, type TrainRunOptions, type TrainRunResult } from './train-run';

/** Images on each sheet. */
const sheetImages = 64;
const sheetColumns = 8;
/** Heun steps of the teacher: NFE 35. */
const teacherSteps = 18;

/** What a finished quickstart wrote; also its `summary.json`. */
export interface QuickstartSummary {
  readonly plan: QuickstartPlan;
  readonly engine: string;
  /** Of the session that finished the job; an interrupted one before it is not counted. */
  readonly seconds: { readonly teacher: number; readonly student: number; readonly sampling: number };
  readonly loss: { readonly teacher: number; readonly student: number };
  readonly samples: Readonly<
    Record<'oneStep' | 'twoStep' | 'teacher', { readonly nfe: number; readonly imagesPerSecond: number }>
  >;
  /**
   * Root mean square difference of the one-step images to the teacher's from the same noise, on the scale [-1, 1]. Two steps
   * add noise of their own and leave the teacher's trajectory.
   */
  readonly rmseToTeacher: number;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Trains the teacher in `FOLDER/teacher` and the consistency model in `FOLDER`, then draws and plots. Each part that is
 * already there is taken up where it stands.
 *
 * @returns the summary, or undefined if the job was interrupted (after a checkpoint)
 */
export async function runQuickstart(
  folder: string,
  plan: QuickstartPlan,
  options: TrainRunOptions,
): Promise<QuickstartSummary | undefined> {
  const { output } = options;
  const teacherFolder = join(folder, 'teacher');
  const teacherRun = await trained(teacherFolder, { ...options, phase: 'teacher' }, () =>
    startRun(teacherFolder, teacherRecipe({ ...plan, steps: plan.teacherSteps }), { ...options, phase: 'teacher' }),
  );
  if (teacherRun.reason === 'aborted') return undefined;
  const teacherModel = await findModel(teacherFolder);

  const phase = `student (${plan.method})`;
  const teacher = await loadTeacher(teacherModel.path);
  const studentRun = await trained(folder, { ...options, phase }, () =>
    startRun(folder, studentRecipe(plan.method, { ...plan, steps: plan.studentSteps }), { ...options, phase, teacher }),
  );
  if (studentRun.reason === 'aborted') return undefined;
  const studentModel = await findModel(folder);
  await saveModel(join(folder, 'model.safetensors'), studentModel);

  output.line('Drawing one-step, two-step and teacher samples from the same noise');
  const started = performance.now();
  const pictures = await drawSheets(folder, {
    seed: plan.seed,
    compile: options.engine?.compile ?? false,
    signal: options.signal,
    models: { student: studentModel, teacher: teacherModel },
  });
  if (pictures === undefined) return undefined;
  const curves = {
    teacher: await (await openRun(teacherFolder)).readMetrics(),
    student: await studentRun.run.readMetrics(),
  };
  await writeFile(join(folder, 'loss.svg'), plotCurves(curves, phase));

  const last = (entries: readonly LogEntry[]): number => entries.at(-1)?.loss ?? Number.NaN;
  const summary: QuickstartSummary = {
    plan,
    engine: studentRun.engine,
    seconds: {
      teacher: teacherRun.seconds,
      student: studentRun.seconds,
      sampling: (performance.now() - started) / 1000,
    },
    loss: { teacher: last(curves.teacher), student: last(curves.student) },
    ...pictures,
    files: {
      overview: 'overview.png',
      oneStep: 'one-step.png',
      twoStep: 'two-step.png',
      teacher: 'teacher-heun.png',
      loss: 'loss.svg',
      metrics: 'metrics.jsonl',
      model: 'model.safetensors',
    },
  };
  await writeWhole(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/** A run that exists is resumed (at once done if it was complete), another is started. */
async function trained(
  folder: string,
  options: TrainRunOptions,
  start: () => Promise<TrainRunResult>,
): Promise<TrainRunResult> {
  if (!existsSync(join(folder, 'recipe.json'))) return start();
  return resumeRun(folder, options);
}

/** Three sheets from the same noise, and one with all of them beside each other; undefined if interrupted between them. */
async function drawSheets(
  folder: string,
  {
    seed,
    compile,
    signal,
    models,
  }: {
    readonly seed: number;
    readonly compile: boolean;
    readonly signal: AbortSignal | undefined;
    readonly models: Readonly<Record<'student' | 'teacher', FoundModel>>;
  },
): Promise<Pick<QuickstartSummary, 'samples' | 'rmseToTeacher'> | undefined> {
  const sheet = async (model: 'student' | 'teacher', steps: number, file: string): Promise<Drawn> => {
    const calls = sheetImages * (model === 'teacher' ? 2 * steps - 1 : steps);
    const live = liveModel(models[model].model, models[model].params, { compile, calls });
    try {
      const drawn = await draw(live, { count: sheetImages, seed, steps });
      await savePicture(join(folder, file), drawn.images, live.description.shape, sheetImages);
      return drawn;
    } finally {
      live.dispose();
    }
  };
  const oneStep = await sheet('student', 1, 'one-step.png');
  if (await interrupted(signal)) return undefined;
  const twoStep = await sheet('student', 2, 'two-step.png');
  if (await interrupted(signal)) return undefined;
  const teacher = await sheet('teacher', teacherSteps, 'teacher-heun.png');
  if (await interrupted(signal)) return undefined;
  const { shape } = models.student.model;
  await saveOverview(join(folder, 'overview.png'), [oneStep.images, twoStep.images, teacher.images], shape);
  const speed = ({ nfe, seconds }: Drawn) => ({ nfe, imagesPerSecond: sheetImages / seconds });
  return {
    samples: { oneStep: speed(oneStep), twoStep: speed(twoStep), teacher: speed(teacher) },
    rmseToTeacher: rmse(oneStep.images, teacher.images),
  };
}

/** Lets a waiting Ctrl-C be heard, and tells whether there was one. */
async function interrupted(signal: AbortSignal | undefined): Promise<boolean> {
  await new Promise(setImmediate);
  return signal?.aborted === true;
}

/** Sheets side by side, one empty column between: image i of each is in the same place. */
async function saveOverview(path: string, sheets: readonly Float32Array[], shape: readonly number[]): Promise<void> {
  const size = shape.reduce((product, side) => product * side, 1);
  const columns = sheets.length * (sheetColumns + 1) - 1;
  const rows = sheetImages / sheetColumns;
  const all = new Float32Array(rows * columns * size).fill(-1);
  sheets.forEach((images, s) => {
    for (let i = 0; i < sheetImages; i += 1) {
      const cell = Math.floor(i / sheetColumns) * columns + s * (sheetColumns + 1) + (i % sheetColumns);
      all.set(images.subarray(i * size, (i + 1) * size), cell * size);
    }
  });
  await savePicture(path, all, shape, rows * columns, columns);
}

function rmse(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) {
    const gap = Math.min(1, Math.max(-1, a[i])) - Math.min(1, Math.max(-1, b[i]));
    sum += gap * gap;
  }
  return Math.sqrt(sum / a.length);
}

function plotCurves(
  curves: Readonly<Record<'teacher' | 'student', readonly LogEntry[]>>,
  studentPhase: string,
): string {
  const points = (phase: string, entries: readonly LogEntry[]) =>
    entries.map(({ step, loss }) => ({ step, loss, phase }));
  return lossPlot([...points('teacher (edm)', curves.teacher), ...points(studentPhase, curves.student)]);
}

/** Reads the plan of an unfinished quickstart; undefined if the folder holds none. */
export async function unfinishedPlan(folder: string): Promise<QuickstartPlan | undefined> {
  if (existsSync(join(folder, 'summary.json')) || !existsSync(join(folder, 'plan.json'))) return undefined;
  const file = join(folder, 'plan.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as QuickstartPlan;
  } catch (cause) {
    throw new UsageError(`${file} is damaged (${(cause as Error).message}). Remove its folder, or choose another.`);
  }
}

/** Lines for people about a finished quickstart. */
export function describeSummary(folder: string, summary: QuickstartSummary, output: Output): void {
  const { samples, rmseToTeacher, files } = summary;
  const at = (name: string): string => join(folder, files[name]);
  output.result({ folder, ...summary }, [
    '',
    `one step   ${at('oneStep')}  NFE ${samples.oneStep.nfe}, ${samples.oneStep.imagesPerSecond.toFixed(0)} images/s, RMSE to the teacher's image ${rmseToTeacher.toFixed(3)}`,
    `two steps  ${at('twoStep')}  NFE ${samples.twoStep.nfe}, ${samples.twoStep.imagesPerSecond.toFixed(0)} images/s`,
    `teacher    ${at('teacher')}  NFE ${samples.teacher.nfe}, ${samples.teacher.imagesPerSecond.toFixed(0)} images/s`,
    `overview   ${at('overview')}  (one step | two steps | teacher, same noise)`,
    `loss plot  ${at('loss')}`,
    `weights    ${at('model')}`,
    '',
    `More samples: onestep sample ${at('model')} --steps 1 --seed 1`,
  ]);
}
