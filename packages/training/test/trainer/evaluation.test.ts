import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '@onestep/tensor';
import { createTrainer, parseRecipe, stateToFiles, type LogEntry, type TrainingState } from '@onestep/training';
import { bestStep, createRun, openRun } from '@onestep/training/node';
import { judgeEvaluation } from '../../src/trainer/evaluation';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

let folder: string;
beforeAll(() => useBackend('wasm'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onestep-evaluation-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const network = tinyNetwork();
const recipeWith = (evaluation: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
  tinyRecipe('edm', { steps: 12, checkpoint: { everySteps: 4, keepLast: 1 }, evaluation, ...rest });

/** Scores by step: a valley at step 4. */
const valley: Readonly<Record<number, number>> = { 2: 5, 4: 1, 6: 3, 8: 2, 10: 4, 12: 6 };

async function train(
  name: string,
  evaluation: Record<string, unknown>,
  { stopAt, values = valley }: { readonly stopAt?: number; readonly values?: typeof valley } = {},
) {
  const path = join(folder, name);
  const recipe = recipeWith(evaluation);
  const begun = await openRun(path).catch(() => undefined);
  const run = begun ?? (await createRun(path, { recipe }));
  const resume = begun === undefined ? undefined : await run.resume();
  const trainer = await createTrainer({ recipe, network, batches: ringBatches(8), resume });
  const controller = new AbortController();
  const asked: number[] = [];
  const result = await trainer.run({
    ...run.hooks,
    signal: controller.signal,
    onStep: ({ step }) => {
      if (step === stopAt) controller.abort();
    },
    onEvaluate: ({ step, params }) => {
      expect(Object.keys(params)).toEqual(['student', 'main']);
      asked.push(step);
      return Promise.resolve(values[step]);
    },
  });
  const state = await trainer.readState();
  trainer.dispose();
  return { path, run, result, asked, state };
}

const withoutTimes = (entries: readonly LogEntry[]) =>
  entries.map((entry) => ({ ...entry, imagesPerSecond: 0, tensors: 0 }));
const filesOf = (state: TrainingState) => [...stateToFiles(state)];

describe('a recipe with evaluation', () => {
  it('is evaluated every so many steps and after the last, in metrics.jsonl too', async () => {
    const { run, result, asked } = await train('all', { everySteps: 5 }, { values: { 5: 3, 10: 1, 12: 2 } });
    expect(asked).toEqual([5, 10, 12]);
    expect(result).toMatchObject({ reason: 'done', best: { step: 10, value: 1 } });
    const logged = (await run.readMetrics()).filter((entry) => entry.evaluation !== undefined);
    expect(logged.map(({ step, evaluation }) => [step, evaluation])).toEqual([
      [5, { value: 3, best: { step: 5, value: 3 } }],
      [10, { value: 1, best: { step: 10, value: 1 } }],
      [12, { value: 2, best: { step: 10, value: 1 } }],
    ]);
  });

  it('keeps the best checkpoint whatever retention says, and marks it', async () => {
    const { path } = await train('best', { everySteps: 2 });
    expect(await bestStep(path)).toBe(4);
    expect((await readdir(join(path, 'checkpoints'))).sort()).toEqual(['12', '4']);
  });

  it('saves a best value between checkpoints, and removes the one that was best before', async () => {
    const { path } = await train('between', { everySteps: 3 }, { values: { 3: 5, 6: 4, 9: 6, 12: 7 } });
    expect(await bestStep(path)).toBe(6);
    expect((await readdir(join(path, 'checkpoints'))).sort()).toEqual(['12', '6']);
    const plain = await train('unmarked', { everySteps: 3, keepBest: false }, { values: { 3: 5, 6: 4, 9: 6, 12: 7 } });
    expect((await readdir(join(plain.path, 'checkpoints'))).sort()).toEqual(['12']);
  });

  it('stops when its patience is over, with a checkpoint, and stays stopped', async () => {
    const evaluation = { everySteps: 2, earlyStopping: { patience: 2 } };
    const { path, result, asked } = await train('patience', evaluation);
    expect(result).toMatchObject({ reason: 'early-stopped', step: 8, best: { step: 4, value: 1 } });
    expect(asked).toEqual([2, 4, 6, 8]);
    expect((await readdir(join(path, 'checkpoints'))).sort()).toEqual(['4', '8']);
    const again = await train('patience', evaluation);
    expect(again.result).toMatchObject({ reason: 'early-stopped', step: 8 });
    expect(again.asked).toEqual([]);
  });

  it('goes on bit for bit after an interruption, with its best value and its patience', async () => {
    const evaluation = { everySteps: 2, earlyStopping: { patience: 3 } };
    const whole = await train('whole', evaluation);
    expect(whole.result).toMatchObject({ reason: 'early-stopped', step: 10 });
    // At, before and after an evaluation.
    for (const stopAt of [4, 5, 7]) {
      const name = `cut-${stopAt}`;
      const first = await train(name, evaluation, { stopAt });
      expect(first.result).toMatchObject({ reason: 'aborted', step: stopAt });
      const second = await train(name, evaluation);
      expect([...first.asked, ...second.asked]).toEqual(whole.asked);
      expect(second.result).toEqual(whole.result);
      expect(filesOf(second.state)).toEqual(filesOf(whole.state));
      expect(withoutTimes(await second.run.readMetrics())).toEqual(withoutTimes(await whole.run.readMetrics()));
      expect(await readFile(join(second.path, 'best'), 'utf8')).toBe('4\n');
    }
  });

  it('does not train differently than one without', async () => {
    const { state } = await train('with', { everySteps: 2 });
    const recipe = tinyRecipe('edm', { steps: 12, checkpoint: { everySteps: 4, keepLast: 1 } });
    const trainer = await createTrainer({ recipe, network, batches: ringBatches(8) });
    await trainer.run();
    const plain = await trainer.readState();
    trainer.dispose();
    expect(state.groups).toEqual(plain.groups);
    expect(plain.evaluation).toBeUndefined();
  });

  it('needs the hook', async () => {
    const trainer = await createTrainer({ recipe: recipeWith({ everySteps: 2 }), network, batches: ringBatches(8) });
    await expect(trainer.run()).rejects.toThrow('needs the hook onEvaluate');
    trainer.dispose();
  });

  it('is checked with the recipe', () => {
    expect(() => recipeWith({ everySteps: 0 })).toThrow('evaluation.everySteps');
    expect(() => recipeWith({ everySteps: 1, earlyStopping: { patience: 0 } })).toThrow(
      'evaluation.earlyStopping.patience',
    );
    expect(() => recipeWith({ everySteps: 1, keepbest: true })).toThrow('Did you mean "keepBest"?');
    expect(parseRecipe(recipeWith({ everySteps: 1 })).evaluation).toEqual({
      everySteps: 1,
      count: 2000,
      seed: 0,
      keepBest: true,
    });
  });
});

describe('judgeEvaluation', () => {
  const earlyStopping = { patience: 2, minDelta: 0.5 };

  it('counts as better what is lower by more than minDelta', () => {
    const first = judgeEvaluation(undefined, { step: 1, value: 3 }, { earlyStopping });
    expect(first).toEqual({ state: { best: { step: 1, value: 3 }, stale: 0 }, improved: true });
    const little = judgeEvaluation(first.state, { step: 2, value: 2.6 }, { earlyStopping });
    expect(little).toEqual({ state: { best: { step: 1, value: 3 }, stale: 1 }, improved: false });
    const enough = judgeEvaluation(little.state, { step: 3, value: 2.4 }, { earlyStopping });
    expect(enough).toEqual({ state: { best: { step: 3, value: 2.4 }, stale: 0 }, improved: true });
  });

  it('counts what is no number as no better, also at the beginning', () => {
    expect(judgeEvaluation(undefined, { step: 1, value: Number.NaN }, {})).toEqual({
      state: { stale: 1 },
      improved: false,
    });
  });
});
