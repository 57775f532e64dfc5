import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, afterEach, describe, expect, it } from 'vitest';
import { hostTensor, writeSafetensors } from '@onestep/tensor';
import { filesToState, stateToFiles, type TrainingState } from '@onestep/training';
import {
  checkpointSteps,
  createRun,
  latestStep,
  loadCheckpoint,
  loadModel,
  openRun,
  writeCheckpoint,
} from '@onestep/training/node';
import { tinyRecipe } from '../recipes-for-tests';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onestep-checkpoints-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function stateAt(step: number): TrainingState {
  const group = (value: number) => ({
    'a.weight': hostTensor(Float32Array.of(value, 2, 3, 4), [2, 2]),
    b: hostTensor(Float32Array.of(value)),
  });
  return {
    step,
    imagesSeen: 8 * step,
    seed: 3,
    groups: {
      student: group(step),
      target: group(-step),
      'ema.main': group(0.5),
      'optimizer.m': group(7),
      'optimizer.v': group(8),
    },
    curriculum: { numScales: 18 },
    stage: 1,
    updates: step,
    sinceLog: { steps: 2, lossSum: 0.1 + 0.2, gradNormSum: 3, events: [] },
    watch: { losses: [0.1, 0.2], gradNorms: [1, 2], acted: 1, sums: { student: [1, 2] } },
    model: {
      kind: 'consistency',
      network: { name: 'tiny', config: { d: 2 } },
      preconditioning: { name: 'edm', config: { sigmaData: 0.5 } },
      sigmaMin: 0.002,
      sigmaMax: 80,
      shape: [2],
      numClasses: 0,
    },
  };
}

const keepAll = { keepLast: 100 };
const place = (...parts: string[]) => join(folder, 'checkpoints', ...parts);

describe('writeCheckpoint', () => {
  it('writes the files of the layout, each model file loadable by itself, and reads back an equal state', async () => {
    await writeCheckpoint(folder, stateAt(5), keepAll);
    expect(await readdir(place('5'))).toEqual([
      'ema-main.safetensors',
      'manifest.json',
      'model.safetensors',
      'optimizer.safetensors',
      'state.json',
      'target.safetensors',
    ]);
    expect(await latestStep(folder)).toBe(5);
    expect(await loadCheckpoint(folder)).toEqual(stateAt(5));
    const { model, params } = await loadModel(place('5', 'ema-main.safetensors'));
    expect(model).toEqual(stateAt(5).model);
    expect(params).toEqual(stateAt(5).groups['ema.main']);
  });

  it('keeps the newest k and every n-th', async () => {
    for (const step of [10, 20, 30, 40, 50, 60])
      await writeCheckpoint(folder, stateAt(step), { keepLast: 2, keepEvery: 30 });
    expect(await checkpointSteps(folder)).toEqual([30, 50, 60]);
  });

  it('leaves earlier checkpoints and latest alone when a save fails, and cleans up after itself', async () => {
    await writeCheckpoint(folder, stateAt(1), keepAll);
    const bad = stateAt(2);
    const broken = {
      ...bad,
      groups: { ...bad.groups, 'ema.main': { b: { ...hostTensor(Float32Array.of(1)), shape: [3] } } },
    };
    await expect(writeCheckpoint(folder, broken, keepAll)).rejects.toThrow();
    await mkdir(place('3'), { recursive: true });
    await writeFile(place('3', 'in-the-way'), '');
    expect(await latestStep(folder)).toBe(1);
    expect(await loadCheckpoint(folder)).toEqual(stateAt(1));
    expect((await readdir(place())).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('ignores what a killed save left behind, and removes it at the next save', async () => {
    await writeCheckpoint(folder, stateAt(1), keepAll);
    await mkdir(place('.tmp-2'));
    await writeFile(place('.tmp-2', 'model.safetensors'), 'half');
    await writeFile(join(folder, '.tmp-99-latest'), '2');
    expect((await loadCheckpoint(folder)).step).toBe(1);
    await writeCheckpoint(folder, stateAt(3), keepAll);
    expect(await readdir(place())).toEqual(['1', '3']);
    expect((await readdir(folder)).sort()).toEqual(['checkpoints', 'latest']);
  });

  it('keeps an equal checkpoint of the same step and replaces a damaged one', async () => {
    await writeCheckpoint(folder, stateAt(4), keepAll);
    await writeCheckpoint(folder, stateAt(4), keepAll);
    await truncate(place('4', 'model.safetensors'), 10);
    await writeCheckpoint(folder, stateAt(4), keepAll);
    expect(await loadCheckpoint(folder)).toEqual(stateAt(4));
    expect(await readdir(place())).toEqual(['4']);
  });
});

describe('loadCheckpoint', () => {
  const files = [
    'ema-main.safetensors',
    'manifest.json',
    'model.safetensors',
    'optimizer.safetensors',
    'state.json',
    'target.safetensors',
  ];

  it.each(files)('names %s when it is damaged, and falls back only when told to', async (file) => {
    await writeCheckpoint(folder, stateAt(1), keepAll);
    await writeCheckpoint(folder, stateAt(2), keepAll);
    const path = place('2', file);
    const bytes = await readFile(path);
    for (const harm of [Buffer.from(bytes).fill(1, 30, 31), bytes.subarray(0, -5), undefined]) {
      if (harm === undefined) await rm(path);
      else await writeFile(path, harm);
      const failure = loadCheckpoint(folder);
      await expect(failure).rejects.toMatchObject({ code: 'damaged-checkpoint' });
      await expect(failure).rejects.toThrow(file);
      await expect(failure).rejects.toThrow('checkpoint of step 1 is older');
      expect((await loadCheckpoint(folder, { allowFallback: true })).step).toBe(1);
      expect((await loadCheckpoint(folder, { step: 1 })).step).toBe(1);
    }
  });

  it('says that there is no complete checkpoint', async () => {
    await expect(loadCheckpoint(folder)).rejects.toThrow('"latest" is missing');
  });

  it('takes the newest where a kill came before "latest" was written', async () => {
    await writeCheckpoint(folder, stateAt(1), keepAll);
    await rm(join(folder, 'latest'));
    expect((await loadCheckpoint(folder)).step).toBe(1);
  });

  it('lists the checkpoints there are when asked for another', async () => {
    await writeCheckpoint(folder, stateAt(1), keepAll);
    await expect(loadCheckpoint(folder, { step: 2 })).rejects.toThrow('has no checkpoint of step 2, known are 1.');
  });

  it('reads what was written before stages and the watch', () => {
    const files = stateToFiles(stateAt(7));
    const position = JSON.parse(new TextDecoder().decode(files.get('state.json'))) as Record<string, object>;
    const { stage, updates, watch, ...older } = position;
    expect([stage, updates, watch]).not.toContain(undefined);
    const sinceLog = { steps: 2, lossSum: 1, gradNormSum: 3 };
    files.set('state.json', new TextEncoder().encode(JSON.stringify({ ...older, sinceLog })));
    const state = filesToState(files);
    expect(state).toMatchObject({ step: 7, stage: 0, updates: 7, watch: { losses: [], acted: 0 } });
    expect(state.sinceLog).toEqual({ ...sinceLog, events: [] });
    files.set('state.json', new TextEncoder().encode(JSON.stringify({ ...position, watch: { losses: ['x'] } })));
    expect(() => filesToState(files)).toThrow('"state.json" is damaged');
  });

  it('keeps the snapshot that a rollback returns to', () => {
    const state = { ...stateAt(7), snapshot: { step: 5, stage: 1, updates: 4, groups: stateAt(5).groups } };
    const files = stateToFiles(state);
    expect([...files.keys()]).toContain('snapshot.safetensors');
    expect(filesToState(files)).toEqual(state);
    files.set('snapshot.safetensors', writeSafetensors({ 'student/b': hostTensor(Float32Array.of(1)) }, {}));
    expect(() => filesToState(files)).toThrow(/"snapshot.safetensors" is damaged: it lacks the group/);
  });

  it('keeps names from a file out of prototypes', () => {
    const files = stateToFiles(stateAt(1));
    const tensors = { '__proto__/polluted': hostTensor(Float32Array.of(1)), 'm/a': hostTensor(Float32Array.of(1)) };
    files.set('optimizer.safetensors', writeSafetensors(tensors, {}));
    expect(() => filesToState(files)).toThrow('"optimizer.v"');
    expect('polluted' in {}).toBe(false);
    files.set('state.json', new TextEncoder().encode('null'));
    expect(() => filesToState(files)).toThrow('version undefined');
  });
});

describe('runs', () => {
  it('cut metrics.jsonl back to the checkpoint they resume from, half-written lines included', async () => {
    const run = await createRun(join(folder, 'run'), { recipe: tinyRecipe('ct') });
    const entry = {
      imagesSeen: 0,
      loss: 1,
      gradNorm: 1,
      learningRate: 1,
      imagesPerSecond: 1,
      tensors: 1,
      curriculum: {},
    };
    for (const step of [1, 2, 3, 4]) await run.log({ step, ...entry });
    await writeFile(join(run.folder, 'metrics.jsonl'), '{"step": 5, "lo', { flag: 'a' });
    await run.save(stateAt(2));
    const again = await openRun(run.folder);
    expect(again.recipe).toEqual(run.recipe);
    expect((await again.resume()).step).toBe(2);
    expect(await readFile(join(run.folder, 'metrics.jsonl'), 'utf8')).toMatch(/^\{"step":1.*\n\{"step":2.*\n$/);
  });

  it('are not overwritten, and not invented', async () => {
    await createRun(join(folder, 'run'), { recipe: tinyRecipe('ct') });
    await expect(createRun(join(folder, 'run'), { recipe: tinyRecipe('ct') })).rejects.toMatchObject({
      code: 'run-exists',
    });
    await expect(openRun(join(folder, 'other'))).rejects.toMatchObject({ code: 'missing-run' });
    await writeFile(join(folder, 'run', 'recipe.json'), '{');
    await expect(openRun(join(folder, 'run'))).rejects.toMatchObject({ code: 'invalid-recipe' });
    await writeFile(join(folder, 'run', 'recipe.json'), 'null');
    await expect(openRun(join(folder, 'run'))).rejects.toThrow(/run.recipe\.json: parseRecipe: /);
  });
});
