import type { LenetDataset } from '@onestep/metrics';
import { loadLenet } from '@onestep/metrics/node';
import type { EditImagesOptions } from '@onestep/sampling';
import { availableParallelism } from 'node:os';
import { studyEngine } from '../rows/run-rows';
import { loadEditingModel, type EditingModel } from './editing-model';
import { editingInputs, type EditingInputs } from './inputs';
import { openJudge, type Judge } from './judge';
import { equalShare, judgeOriginals, scoreEdits, type EditingScores } from './scores';
import { freeSheet, taskSheet, type Sheet } from './sheets';
import { editingStudyTasks, type EditingTaskPlan } from './tasks';

/** What is asked for. */
export interface EditingStudyFlags {
  /** A file, a checkpoint or a run. */
  readonly model: string;
  readonly dataset: LenetDataset;
  /** Test images that are edited. */
  readonly images: number;
  readonly seed: number;
  /** Whether a model with classes is told them; else it guesses. */
  readonly labels: 'guess' | 'true';
  /** Names of the tasks; default all. */
  readonly tasks?: readonly string[] | undefined;
  /** Folder of the sheets. */
  readonly pictures?: string | undefined;
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** One line of the table. */
export interface EditingLine {
  readonly task: string;
  readonly method: string;
  readonly scores: EditingScores;
  /** Network calls per image, without those of guessing; of methods with the model. */
  readonly nfe?: number | undefined;
  /** Share of the images whose class was guessed right. */
  readonly guessed?: number | undefined;
}

/** The study's result. */
export interface EditingReport {
  readonly model: string;
  readonly kind: string;
  readonly dataset: LenetDataset;
  readonly images: number;
  readonly weights: string;
  readonly lines: readonly EditingLine[];
  readonly notes: readonly string[];
  readonly sheets: readonly Sheet[];
}

function chosenTasks(names: readonly string[] | undefined): readonly EditingTaskPlan[] {
  const known = editingStudyTasks.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`study: there is no task "${unknown}", known are ${known.join(', ')}.`);
  }
  return editingStudyTasks.filter(({ name }) => names?.includes(name) ?? true);
}

/** Images through the network at once. */
const mostAtOnce = 100;

/** Loads everything and runs {@link scoreTasks}. */
export async function studyEditing(flags: EditingStudyFlags): Promise<EditingReport> {
  const { dataset, images, onProgress } = flags;
  const executor = await studyEngine(availableParallelism());
  const model = await loadEditingModel(flags.model, { batchSize: Math.min(mostAtOnce, images), executor });
  try {
    onProgress?.(`reading ${dataset}`);
    const inputs = await editingInputs(dataset, images);
    const judge = await openJudge(await loadLenet(dataset), { shape: inputs.images.shape.slice(1), executor });
    try {
      return await scoreTasks({ model, inputs, judge }, flags);
    } finally {
      await judge.dispose();
    }
  } finally {
    await model.dispose();
  }
}

/**
 * Edits the images in every way, scores results and baselines, and draws sheets.
 *
 * @throws {@link RangeError} if the model makes images of another size
 */
export async function scoreTasks(
  { model, inputs, judge }: { readonly model: EditingModel; readonly inputs: EditingInputs; readonly judge: Judge },
  {
    seed,
    labels,
    tasks,
    pictures,
    onProgress,
  }: Pick<EditingStudyFlags, 'seed' | 'labels' | 'tasks' | 'pictures' | 'onProgress'>,
): Promise<EditingReport> {
  const shape = inputs.images.shape.slice(1);
  if (shape.join() !== model.shape.join()) {
    throw new RangeError(
      `study: ${model.name} makes images of [${model.shape.join(', ')}], ${inputs.dataset} has [${shape.join(', ')}].`,
    );
  }
  const knowsClasses = model.numClasses > 0;
  const label = labels === 'guess' ? labels : (row: number): number => inputs.labels[row];
  const options: EditImagesOptions = { ...model.options, seed, ...(knowsClasses ? { label } : {}) };
  const originals = await judgeOriginals(judge, inputs);
  const lines: EditingLine[] = [
    { task: '-', method: 'originals', scores: await scoreEdits(judge, inputs.images, originals) },
  ];
  const notes: string[] = [];
  const sheets: Sheet[] = [];
  const drawing = { model, inputs, options, seed };
  for (const task of chosenTasks(tasks)) {
    const began = performance.now();
    const { title } = task;
    const { baselines, edits, knownError, note } = await task.prepare(inputs);
    for (const { name, images } of baselines) {
      lines.push({ task: title, method: name, scores: await scoreEdits(judge, images, originals, knownError) });
    }
    for (const { name, edit } of edits) {
      const onBatch: EditImagesOptions['onBatch'] = ({ done, total }) =>
        onProgress?.(`${title}, ${name}: ${done} of ${total}`);
      const edited = await edit({ ...options, onBatch });
      const scores = await scoreEdits(judge, edited.images, originals, knownError);
      const guessed = knowsClasses && labels === 'guess' ? equalShare(edited.labels, inputs.labels) : undefined;
      lines.push({ task: title, method: name, scores, nfe: edited.nfe, guessed });
    }
    if (note !== undefined) notes.push(note);
    if (pictures !== undefined) sheets.push(await taskSheet(task, { ...drawing, folder: pictures }));
    onProgress?.(`${title}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  if (pictures !== undefined) sheets.push(await freeSheet({ ...drawing, folder: pictures }));
  return {
    model: model.name,
    kind: model.kind,
    dataset: inputs.dataset,
    images: inputs.labels.length,
    weights: judge.weightsSha256,
    lines,
    notes,
    sheets,
  };
}
