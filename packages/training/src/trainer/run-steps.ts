import type { StepRunner } from '@onestep/tensor';
import type { Recipe } from '../recipes/schema';
import { addToWindow, emptyWindow, logEntry } from './log-window';
import { checkFinite } from './non-finite';
import { checkBatch, stepInputs, type HostBatch, type StepSource } from './step-draws';
import { turnTaker } from './turn-taker';
import type { BatchSource, TrainerHooks, TrainingResult } from './trainer-options';
import type { HostParams, LogWindow, TrainingState } from './training-state';

/** Where the run stands; advanced in place, after each complete step. */
export interface RunPosition {
  step: number;
  imagesSeen: number;
  sinceLog: LogWindow;
}

/** What the loop works with. */
export interface RunContext {
  readonly runner: StepRunner;
  readonly source: StepSource;
  readonly recipe: Recipe;
  readonly batches: BatchSource;
  /** Parameter names in canonical order. */
  readonly names: readonly string[];
  readonly position: RunPosition;
  readonly readState: () => Promise<TrainingState>;
  readonly hooks: TrainerHooks & { readonly signal?: AbortSignal | undefined };
}

/** The loop of a run: batch, draws, step, log, samples, checkpoint, until the steps are done or the signal aborts. */
export async function runSteps(context: RunContext): Promise<TrainingResult> {
  const { runner, source, recipe, names, position, hooks } = context;
  const { signal } = hooks;
  const takeTurn = turnTaker();
  const totalSteps = recipe.steps;
  let savedAt = position.step;
  let timer = { at: performance.now(), images: 0 };
  // The next batch is fetched while a step runs; one that is never used must not raise an unhandled rejection.
  let pending = position.step < totalSteps ? fetchBatch(context, position.step) : undefined;

  while (position.step < totalSteps && pending !== undefined) {
    if (signal?.aborted === true) break;
    const batch = await pending;
    pending = position.step + 1 < totalSteps ? fetchBatch(context, position.step + 1) : undefined;

    const progress = { step: position.step, totalSteps, imagesSeen: position.imagesSeen };
    const { inputs, draws, learningRate, curriculum } = stepInputs(source, progress, batch);
    const outputs = await runner.step(inputs);
    checkFinite({ step: progress.step + 1, outputs, draws, names });

    const loss = outputs.loss.data[0];
    position.step += 1;
    position.imagesSeen += recipe.batchSize;
    position.sinceLog = addToWindow(position.sinceLog, loss, outputs.gradNorm.data[0]);
    timer.images += recipe.batchSize;
    const { step, imagesSeen } = position;
    const last = step === totalSteps;
    const due = (every: number | undefined): boolean => every !== undefined && (last || step % every === 0);

    hooks.onStep?.({ step, totalSteps, loss });
    if (due(recipe.logging.everySteps)) {
      const now = performance.now();
      const seconds = (now - timer.at) / 1000;
      const facts = { step, imagesSeen, learningRate, curriculum, images: timer.images, seconds };
      await hooks.onLog?.(logEntry(position.sinceLog, facts));
      position.sinceLog = emptyWindow;
      timer = { at: performance.now(), images: 0 };
    }
    const sample = hooks.onSample !== undefined && due(recipe.logging.samplesEverySteps);
    const save = hooks.onCheckpoint !== undefined && due(recipe.checkpoint.everySteps);
    if (sample || save) {
      const state = await context.readState();
      if (sample) await hooks.onSample?.({ step, imagesSeen, params: sampleParams(state), model: state.model });
      if (save) {
        await hooks.onCheckpoint?.(state);
        savedAt = step;
      }
    }
    await takeTurn();
  }

  const { step, imagesSeen } = position;
  if (step !== savedAt && hooks.onCheckpoint !== undefined) await hooks.onCheckpoint(await context.readState());
  return { reason: step === totalSteps ? 'done' : 'aborted', step, imagesSeen };
}

function fetchBatch({ batches, recipe, source }: RunContext, batchNumber: number): Promise<HostBatch> {
  const fetched = (async () => {
    const batch = await batches(batchNumber);
    const { shape, numClasses } = source.network;
    checkBatch(batch, { batchNumber, batchSize: recipe.batchSize, shape, numClasses });
    return batch;
  })();
  fetched.catch(() => undefined);
  return fetched;
}

/** The weights worth sampling: the student, and each evaluation average under its own name. */
function sampleParams({ groups }: TrainingState): Record<string, HostParams> {
  const params: Record<string, HostParams> = { student: groups.student };
  for (const [name, group] of Object.entries(groups)) {
    if (name.startsWith('ema.')) params[name.slice('ema.'.length)] = group;
  }
  return params;
}
