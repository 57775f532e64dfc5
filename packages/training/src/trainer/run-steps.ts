import { OnestepError, type StepRunner } from '@onestep/tensor';
import type { HostGroups } from '../optimizers/optimizer';
import type { Recipe } from '../recipes/schema';
import { isExhausted, judgeEvaluation, type EvaluationEntry } from './evaluation';
import { checkBatch, type HostBatch } from './host-batch';
import { addToWindow, emptyWindow, logEntry } from './log-window';
import { report, respond } from './respond';
import { snapshotOf, type RunPosition } from './run-position';
import { enterStage, stageOf } from './stages';
import { stepInputs, type StepSource } from './step-draws';
import { turnTaker } from './turn-taker';
import type { BatchSource, TrainerHooks, TrainingResult } from './trainer-options';
import type { HostParams, LogEntry, TrainingState } from './training-state';
import { checkAverages } from './watch/check-averages';
import { enforcedLimits, judgeStep, limitsOf, remember } from './watch/judge-step';
import { checkSamples, judgesSamples } from './watch/sample-spread';
import type { WatchSettings } from './watch/watch-settings';

/** What the loop works with. */
export interface RunContext {
  readonly runner: StepRunner;
  readonly source: StepSource;
  readonly recipe: Recipe;
  readonly watch: WatchSettings;
  readonly batches: BatchSource;
  /** Names of what is trained, in canonical order. */
  readonly names: readonly string[];
  readonly position: RunPosition;
  /** The state at the position, with these groups. */
  readonly stateOf: (groups: HostGroups) => TrainingState;
  readonly hooks: TrainerHooks & { readonly signal?: AbortSignal | undefined };
}

/** The loop of a run: batch, draws, step, log, samples, checkpoint, until the steps are done or the signal aborts. */
export async function runSteps(context: RunContext): Promise<TrainingResult> {
  const { runner, recipe, watch, position, hooks } = context;
  if (recipe.evaluation !== undefined && hooks.onEvaluate === undefined) {
    throw new OnestepError(
      'invalid-recipe',
      'trainer.run: the recipe has evaluation, which needs the hook onEvaluate.',
    );
  }
  const takeTurn = turnTaker();
  const totalSteps = recipe.steps;
  let savedAt = position.step;
  let timer = { at: performance.now(), images: 0 };
  if (watch.policy === 'rollback' && position.snapshot === undefined) {
    position.snapshot = snapshotOf(position, await runner.readState());
  }
  // The next batch is fetched while a step runs; one that is never used must not raise an unhandled rejection.
  let pending = position.step < totalSteps ? fetchBatch(context, position.step) : undefined;

  while (position.step < totalSteps && pending !== undefined && !isExhausted(recipe, position.evaluation)) {
    if (hooks.signal?.aborted === true) break;
    const batch = await pending;
    pending = position.step + 1 < totalSteps ? fetchBatch(context, position.step + 1) : undefined;
    const { facts, loss, failure: stepFailure } = await oneStep(context, batch);
    timer.images += recipe.batchSize;
    const { step } = position;
    let failure = stepFailure;
    const last = step === totalSteps;
    const due = (every: number | undefined): boolean => every !== undefined && (last || step % every === 0);

    if (failure === undefined) hooks.onStep?.({ step, totalSteps, loss });
    const sampling = failure === undefined && hooks.onSample !== undefined && due(recipe.logging.samplesEverySteps);
    // The averages are looked at, and a snapshot taken, whether or not anybody saves: a resumed run must do the same.
    const checking = failure === undefined && due(recipe.checkpoint.everySteps);
    const evaluating = failure === undefined && recipe.evaluation !== undefined && due(recipe.evaluation.everySteps);
    let groups = sampling || checking || evaluating ? await runner.readState() : undefined;
    if (checking && groups !== undefined) ({ groups, failure } = await checkedGroups(context, groups));
    if (sampling && groups !== undefined) await sample(context, groups, batch);
    let evaluation: Evaluated | undefined;
    if (evaluating && failure === undefined && groups !== undefined) {
      const begun = performance.now();
      evaluation = await evaluate(context, groups);
      // Throughput is that of the training.
      timer.at += performance.now() - begun;
    }
    // A run that ends here says why in its last line.
    if (failure !== undefined || evaluation !== undefined || due(recipe.logging.everySteps)) {
      const seconds = (performance.now() - timer.at) / 1000;
      await hooks.onLog?.(
        logEntry(position.sinceLog, { ...facts, images: timer.images, seconds, evaluation: evaluation?.entry }),
      );
      position.sinceLog = emptyWindow;
      timer = { at: performance.now(), images: 0 };
    }
    if (failure !== undefined) throw failure;
    if (checking && groups !== undefined) {
      if (watch.policy === 'rollback') position.snapshot = snapshotOf(position, groups);
    }
    const best = recipe.evaluation?.keepBest === true && evaluation?.improved === true;
    if ((checking || best) && groups !== undefined && hooks.onCheckpoint !== undefined) {
      await hooks.onCheckpoint(context.stateOf(groups));
      savedAt = step;
    }
    await takeTurn();
  }

  const { step, imagesSeen } = position;
  if (step !== savedAt) await hooks.onCheckpoint?.(context.stateOf(await runner.readState()));
  const stopped = isExhausted(recipe, position.evaluation) ? 'early-stopped' : 'aborted';
  const best = position.evaluation?.best;
  return {
    reason: step === totalSteps ? 'done' : stopped,
    step,
    imagesSeen,
    ...(best === undefined ? {} : { best }),
  };
}

/** An evaluation, and whether it is the best so far. */
interface Evaluated {
  readonly entry: EvaluationEntry;
  readonly improved: boolean;
}

/** Scores the weights and takes the value into the position. */
async function evaluate(
  { hooks, stateOf, position, recipe }: RunContext,
  groups: HostGroups,
): Promise<Evaluated | undefined> {
  const { evaluation } = recipe;
  if (evaluation === undefined || hooks.onEvaluate === undefined) return undefined;
  const { step, imagesSeen } = position;
  const value = await hooks.onEvaluate({
    step,
    imagesSeen,
    params: sampleParams(groups),
    model: stateOf(groups).model,
  });
  const { state, improved } = judgeEvaluation(position.evaluation, { step, value }, evaluation);
  position.evaluation = state;
  const { metric } = evaluation;
  return {
    entry: {
      ...(metric === undefined ? {} : { metric }),
      value,
      ...(state.best === undefined ? {} : { best: state.best }),
    },
    improved,
  };
}

/** What a step was, for its log line, and the error that ends the run over it. */
interface StepMade {
  readonly facts: Pick<LogEntry, 'step' | 'imagesSeen' | 'learningRate' | 'curriculum'>;
  readonly loss: number;
  readonly failure: OnestepError | undefined;
}

/** Makes one step, lets the watch judge it, and advances the position unless the run must end. */
async function oneStep(context: RunContext, batch: HostBatch): Promise<StepMade> {
  const { runner, source, recipe, watch, names, position } = context;
  const progress = { step: position.step, totalSteps: recipe.steps, imagesSeen: position.imagesSeen };
  const { index } = stageOf(source.objective, progress);
  // Another stage has losses of another size.
  if (index !== position.stage) position.watch = { ...position.watch, losses: [], gradNorms: [] };
  await enterStage(position, index, { runner, ...source });
  const limits = limitsOf(position.watch, watch);
  const { inputs, draws, learningRate, curriculum } = stepInputs(source, {
    ...progress,
    batch,
    updates: position.updates,
    limits: watch.policy === 'skip' ? enforcedLimits(limits, watch) : undefined,
  });
  const outputs = await runner.step(inputs);
  const loss = outputs.loss.data[0];
  const gradNorm = outputs.gradNorm.data[0];
  const step = progress.step + 1;
  const imagesSeen = progress.imagesSeen + recipe.batchSize;
  const verdict = judgeStep({ step, outputs, draws, names }, limits, watch);
  let failure: OnestepError | undefined;
  if (verdict.acts) {
    failure = await respond(context, verdict.findings, { skipped: watch.policy === 'skip' });
  } else {
    await report(context, verdict.findings, 'none');
    position.watch = remember(position.watch, { loss, gradNorm }, watch);
    position.sinceLog = addToWindow(position.sinceLog, loss, gradNorm);
    position.updates += 1;
  }
  if (failure === undefined) {
    position.step = step;
    position.imagesSeen = imagesSeen;
  }
  return { facts: { step, imagesSeen, learningRate, curriculum }, loss, failure };
}

/** The groups, after a look at the averages: those of the snapshot, if the look made the run go back. */
async function checkedGroups(
  context: RunContext,
  groups: HostGroups,
): Promise<{ readonly groups: HostGroups; readonly failure: OnestepError | undefined }> {
  const { position, runner } = context;
  const { state, dead, broken } = checkAverages(position.watch, groups, position.step);
  await report(context, dead, 'none');
  if (broken.length === 0) {
    position.watch = state;
    return { groups, failure: undefined };
  }
  const failure = await respond(context, broken, { skipped: false });
  return { groups: await runner.readState(), failure };
}

async function sample({ hooks, stateOf, position, watch, ...rest }: RunContext, groups: HostGroups, batch: HostBatch) {
  const { step, imagesSeen } = position;
  const stats = await hooks.onSample?.({
    step,
    imagesSeen,
    params: sampleParams(groups),
    model: stateOf(groups).model,
  });
  if (typeof stats !== 'object' || !judgesSamples({ step, totalSteps: rest.recipe.steps }, watch)) return;
  const finding = checkSamples(stats, batch.images, { step, fraction: watch.samplesFraction });
  if (finding !== undefined) await report({ hooks, stateOf, position, watch, ...rest }, [finding], 'none');
}

function fetchBatch({ batches, recipe, source }: RunContext, batchNumber: number): Promise<HostBatch> {
  const fetched = (async () => {
    const batch = await batches(batchNumber);
    const { objective, network } = source;
    const { shape, numClasses, augmentChannels } = network;
    const augmented = recipe.dataset.augment !== undefined;
    const pairsFor = objective.needs.pairs === true ? objective.name : undefined;
    const { batchSize } = recipe;
    checkBatch(batch, { batchNumber, batchSize, shape, numClasses, augmentChannels, augmented, pairsFor });
    return batch;
  })();
  fetched.catch(() => undefined);
  return fetched;
}

/** The weights worth sampling: the student, and each evaluation average under its own name. */
function sampleParams(groups: HostGroups): Record<string, HostParams> {
  const params: Record<string, HostParams> = { student: groups.student };
  for (const [name, group] of Object.entries(groups)) {
    if (name.startsWith('ema.')) params[name.slice('ema.'.length)] = group;
  }
  return params;
}
