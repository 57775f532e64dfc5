import { beforeAll, describe, expect, it } from 'vitest';
import { countLeaks, hostTensor, useBackend, type OnestepError } from '@onestep/tensor';
import {
  createTrainer,
  filesToState,
  stateToFiles,
  type LogEntry,
  type TrainerOptions,
  type TrainingState,
  type WatchEvent,
} from '@onestep/training';
import { tinyRecipe } from '../../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../../tiny-network';

beforeAll(() => useBackend('wasm'));

const network = tinyNetwork({ d: 2, hidden: 4 });
const good = ringBatches(8);

/** Batches of which some are scaled up: by 1e25 the loss overflows, by 1e3 it is an outlier. */
const harmed = (harm: Readonly<Record<number, number>>) => (n: number) => {
  const { images } = good(n);
  const factor = harm[n] ?? 1;
  return {
    images: hostTensor(
      Float32Array.from(images.data, (value) => value * factor),
      images.shape,
    ),
  };
};

interface Outcome {
  readonly states: readonly TrainingState[];
  readonly events: readonly WatchEvent[];
  readonly entries: readonly LogEntry[];
  readonly error: OnestepError | undefined;
}

/** Runs to the end or to an error, with a checkpoint after every fifth step. */
async function run(
  watch: object,
  harm: Readonly<Record<number, number>>,
  { recipe = {}, ...options }: { recipe?: object } & Partial<Omit<TrainerOptions, 'recipe'>> = {},
): Promise<Outcome> {
  const states: TrainingState[] = [];
  const events: WatchEvent[] = [];
  const entries: LogEntry[] = [];
  const trainer = await createTrainer({
    recipe: tinyRecipe('edm', { steps: 40, watch: { window: 8, ...watch }, checkpoint: { everySteps: 5 }, ...recipe }),
    network,
    batches: harmed(harm),
    ...options,
  });
  const error = await trainer
    .run({
      onCheckpoint: (state) => void states.push(state),
      onEvent: (event) => void events.push(event),
      onLog: (entry) => void entries.push(entry),
    })
    .then(
      () => undefined,
      (caught: unknown) => caught as OnestepError,
    );
  trainer.dispose();
  return { states, events, entries, error };
}

const at = ({ states }: Outcome, step: number) => states.find((state) => state.step === step)!;

describe('the policy stop', () => {
  it('ends the run at a loss that is not finite, with an event', async () => {
    const { error, events, states, entries } = await run({}, { 22: 1e25 });
    expect(error).toMatchObject({ code: 'non-finite', details: { step: 23 } });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ kind: 'non-finite', step: 23, action: 'stop', value: null });
    expect(events[0].sigma![0]).toBeLessThan(events[0].sigma![1]);
    expect(events[0].message).toMatch(
      /^the loss is \S+ at step 23: sigma of the batch is \[.*\]; not finite for images/,
    );
    expect(states.at(-1)?.step).toBe(20);
    expect(error?.message).toMatch(/clipNorm; the last checkpoint is unharmed\.$/);
    expect(entries.at(-1)).toMatchObject({ step: 23, events });
    expect(entries.at(-1)?.loss).toBeGreaterThan(0);
  });

  it('speaks of no checkpoint where there is none yet', async () => {
    const { error } = await run({}, { 2: 1e25 });
    expect(error?.message).toMatch(/set optimizer\.clipNorm\.$/);
  });

  it('reports outliers and goes on', async () => {
    const { error, events, entries } = await run({}, { 22: 1e3 });
    expect(error).toBeUndefined();
    const kinds = events.map(({ kind, step, action }) => `${kind} ${step} ${action}`);
    expect(kinds).toEqual(['loss 23 none', 'gradients 23 none']);
    expect(events[0].value).toBeGreaterThan(events[0].limit!);
    expect(entries.flatMap((entry) => entry.events ?? [])).toEqual(events);
  });

  it('ends the run at an outlier where the recipe says so', async () => {
    const { error, events } = await run({ outliers: 'act' }, { 22: 1e3 });
    expect(error).toMatchObject({ code: 'unstable' });
    expect(error?.message).toMatch(/^trainer: the loss is .*, above .*, at step 23: sigma of the batch is/);
    expect(events.map(({ action }) => action)).toEqual(['stop', 'stop']);
  });

  it('finds nothing in a healthy run', async () => {
    const { error, events, entries } = await run({}, {});
    expect([error, events]).toEqual([undefined, []]);
    expect(entries.every((entry) => entry.events === undefined)).toBe(true);
  });
});

describe('the policy skip', () => {
  it.each([1e25, 1e3])(
    'discards the update of a batch scaled by %d inside the step, while the counters go on',
    async (factor) => {
      const outcome = await run({ policy: 'skip' }, { 20: factor });
      expect(outcome.error).toBeUndefined();
      expect(outcome.events[0]).toMatchObject({ kind: factor > 1e9 ? 'non-finite' : 'loss', step: 21, action: 'skip' });
      expect(at(outcome, 25)).toMatchObject({ updates: 24, imagesSeen: 200, watch: { acted: 1 } });
      const everyStep = await run({ policy: 'skip' }, { 20: factor }, { recipe: { checkpoint: { everySteps: 1 } } });
      expect(at(everyStep, 21).groups).toEqual(at(everyStep, 20).groups);
      expect(at(everyStep, 22).groups).not.toEqual(at(everyStep, 21).groups);
    },
  );

  it('changes nothing where nothing is wrong', async () => {
    const plain = at(await run({}, {}), 40);
    const skipping = at(await run({ policy: 'skip' }, {}), 40);
    expect(skipping.groups).toEqual(plain.groups);
  });

  it('leaves the discarded step out of logged means and running medians', async () => {
    const { entries, states } = await run({ policy: 'skip' }, { 20: 1e25 });
    expect(entries.every(({ loss, gradNorm }) => Number.isFinite(loss) && Number.isFinite(gradNorm))).toBe(true);
    expect(states.at(-1)?.watch.losses).toHaveLength(8);
    const allBad = await run({ policy: 'skip' }, { 6: 1e25 }, { recipe: { logging: { everySteps: 1 } } });
    expect(allBad.entries[6].loss).toBeNaN();
    expect(allBad.entries[6].events).toHaveLength(1);
  });

  it('stops after maxEvents, and says so', async () => {
    const { error, events } = await run({ policy: 'skip', maxEvents: 2 }, { 20: 1e25, 21: 1e3, 25: 1e25 });
    expect(events.filter(({ kind }) => kind !== 'gradients').map(({ action }) => action)).toEqual([
      'skip',
      'skip',
      'stop',
    ]);
    expect(error?.message).toContain('The policy "skip" has acted 2 times already');
    expect(error?.message).toContain('Lower optimizer.learningRate');
  });
});

describe('the policy rollback', () => {
  it('returns to the last checkpoint, while the counters go on with new data', async () => {
    const recipe = { checkpoint: { everySteps: 5 } };
    const outcome = await run({ policy: 'rollback' }, { 24: 1e25 }, { recipe });
    expect(outcome.error).toBeUndefined();
    expect(outcome.events[0]).toMatchObject({ step: 25, action: 'rollback' });
    const [before, after] = [at(outcome, 20), at(outcome, 25)];
    expect(after.groups).toEqual(before.groups);
    expect(after).toMatchObject({ step: 25, imagesSeen: 200, updates: 20 });
    expect(at(outcome, 30).groups).not.toEqual(after.groups);
    expect(at(outcome, 40).updates).toBe(35);
  });

  it('returns to the beginning where there is no checkpoint yet', async () => {
    const first = await createTrainer({ recipe: tinyRecipe('edm'), network, batches: good });
    const initial = (await first.readState()).groups;
    first.dispose();
    const outcome = await run({ policy: 'rollback' }, { 4: 1e25 });
    expect(at(outcome, 5).groups).toEqual(initial);
  });

  it('stops after maxEvents', async () => {
    const { error, events } = await run({ policy: 'rollback', maxEvents: 1 }, { 20: 1e25, 27: 1e25 });
    expect(events.map(({ action }) => action)).toEqual(['rollback', 'stop']);
    expect(error).toMatchObject({ code: 'non-finite' });
  });

  it('keeps the teacher of the stage it returns to', async () => {
    const trainer = await createTrainer({ recipe: tinyRecipe('edm', { seed: 9 }), network, batches: good });
    const params = (await trainer.readState()).groups.student;
    trainer.dispose();
    // Two stages of twenty steps; the first step of the second is bad.
    const objective = { startScales: 2, doubledStages: 0 };
    const recipe = { ...tinyRecipe('pd', { objective, steps: 40, init: { from: 'teacher' }, watch: { policy: 'rollback' }, checkpoint: { everySteps: 5 } }) }; // prettier-ignore
    const states: TrainingState[] = [];
    const staged = await createTrainer({ recipe, network, batches: harmed({ 20: 1e25 }), teacher: { params } });
    await staged.run({ onCheckpoint: (state) => void states.push(state) });
    staged.dispose();
    const [edge, next] = [states[3], states[4]];
    expect(edge).toMatchObject({ step: 20, stage: 0 });
    expect(next).toMatchObject({ step: 25, stage: 1, updates: 4 });
    expect(next.groups.teacher).toEqual(edge.groups.student);
  });
});

describe('a run that is watched', () => {
  const harm = { 11: 1e25, 22: 1e3, 23: 1e25 };

  it.each(['skip', 'rollback'] as const)(
    'resumes bit for bit under the policy %s, wherever it stopped',
    async (policy) => {
      const recipe = tinyRecipe('ct', { steps: 30, watch: { policy, window: 8 }, checkpoint: { everySteps: 10 }, objective: { endScales: 8 } }); // prettier-ignore
      const straight = await createTrainer({ recipe, network, batches: harmed(harm) });
      await straight.run();
      const expected = stateToFiles(await straight.readState());
      straight.dispose();
      for (const stop of [5, 11, 12, 17, 20, 23, 27]) {
        const first = await createTrainer({ recipe, network, batches: harmed(harm) });
        const abort = new AbortController();
        let saved: TrainingState | undefined;
        await first.run({
          signal: abort.signal,
          onStep({ step }) {
            if (step === stop) abort.abort();
          },
          onCheckpoint(state) {
            saved = state;
          },
        });
        first.dispose();
        expect(saved?.step).toBe(stop);
        const resume = filesToState(stateToFiles(saved!));
        const second = await createTrainer({ recipe, network, batches: harmed(harm), resume });
        await second.run();
        const got = stateToFiles(await second.readState());
        second.dispose();
        for (const [file, bytes] of expected) expect(Buffer.compare(got.get(file)!, bytes), `${stop}: ${file}`).toBe(0);
      }
    },
  );

  it('leaks nothing, whatever happens', async () => {
    for (const policy of ['stop', 'skip', 'rollback']) {
      const { leaked } = await countLeaks(() => run({ policy }, { 11: 1e25 }));
      expect(leaked, policy).toBe(0);
    }
  });

  it('reports an average that does not move', async () => {
    const { events } = await run({}, {}, { recipe: { ema: [{ name: 'stuck', decay: 1 - 1e-12 }, { name: 'main', decay: 0.9 }] } }); // prettier-ignore
    expect(events[0]).toMatchObject({ kind: 'average', step: 10, action: 'none' });
    expect(events[0].message).toBe(
      'the average "stuck" has not moved since the last check, though the student has, at step 10.',
    );
    expect(events.every(({ message }) => message.includes('stuck'))).toBe(true);
  });

  it('reports samples that have collapsed, if the hook tells their spread', async () => {
    const events: WatchEvent[] = [];
    const recipe = tinyRecipe('edm', { steps: 20, logging: { samplesEverySteps: 5 }, watch: { window: 8 } });
    const trainer = await createTrainer({ recipe, network, batches: good });
    await trainer.run({
      onSample: ({ step }) => (step <= 10 ? { std: 0.001 } : { std: 0.4 }),
      onEvent: (event) => void events.push(event),
    });
    trainer.dispose();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ kind: 'samples', step: 10, action: 'none', value: 0.001 });
    expect(events[0].message).toMatch(/^the samples have collapsed to a spread of 0.001, below 0.0\d+, at step 10\.$/);
  });
});
