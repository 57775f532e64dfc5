import { chooseExecutor, compiledRunner } from '@onestep/compile';
import { useBackend, type BackendName } from '@onestep/tensor';
import { benchNetwork } from '../jobs/networks';
import { trainingJob, trainingMethods, type TrainingMethod } from '../jobs/training-job';
import { javascriptMemoryMb, peakMemoryMb, residentMemoryMb } from '../measure/machine';
import type { CommonOptions, Question } from '../question';
import { figure } from '../report/report';
import { oneOf, positiveInteger, withBackend, withExecutor, withWork, type ExecutorOptions } from './options';

interface MemoryOptions extends CommonOptions, ExecutorOptions {
  readonly network?: readonly string[] | undefined;
  readonly batch?: readonly number[] | undefined;
  readonly method: TrainingMethod;
  readonly engine: 'eager' | 'compiled';
  readonly steps: number;
  readonly recompute: boolean;
  readonly backend: BackendName;
}

/** How much memory does a process need that does nothing but train? The other questions ask this one in child processes. */
export const memory: Question<MemoryOptions> = {
  name: 'memory',
  summary: 'Peak resident memory of one process that does some training steps and nothing else.',
  configure: (command) =>
    withExecutor(withBackend(withWork(command)))
      .option('--method <name>', `of ${trainingMethods.join(', ')}`, oneOf(trainingMethods), 'ect')
      .option('--engine <name>', 'eager or compiled', oneOf(['eager', 'compiled']), 'eager')
      .option('--steps <count>', 'training steps', positiveInteger, 3)
      .option('--recompute', 'blocks of the network keep no activations for the backward pass', false),
  async ask(options, { progress }) {
    const { quick, method, engine, steps, backend, provider, threads, recompute } = options;
    const name = options.network?.at(0) ?? (quick ? 'tiny' : 'engine-benchmark');
    const batch = options.batch?.at(0) ?? (quick ? 2 : 64);
    await useBackend(backend);
    const executor = engine === 'compiled' ? await chooseExecutor({ provider, threads }) : undefined;
    const runnerFactory = executor === undefined ? undefined : compiledRunner({ executor });
    const before = peakMemoryMb();
    const job = await trainingJob({ network: benchNetwork(name, { recompute }), method, batch, runnerFactory });
    // Of few steps the ends, of many the whole way: a slope is seen only in a row of marks.
    const parts = steps < 100 ? 2 : 10;
    const marks = Array.from({ length: parts }, (_, i) => Math.ceil((steps * (i + 1)) / parts));
    const times: number[] = [];
    const resident: Record<string, number> = {};
    for (let step = 1; step <= steps; step += 1) {
      progress(`step ${step} of ${steps}: ${job.name}`);
      const started = performance.now();
      await job.step();
      // The first step compiles.
      if (step > 1 || steps === 1) times.push(performance.now() - started);
      if (!marks.includes(step)) continue;
      const { heap, arrays } = javascriptMemoryMb();
      resident[`resident MB after step ${step}`] = residentMemoryMb();
      resident[`of it JavaScript heap and arrays, step ${step}`] = heap + arrays;
    }
    const facts = { 'peak resident MB': peakMemoryMb(), 'before the first step MB': before, ...resident };
    const rows = [{ case: job.name, subject: job.description, figures: { time: figure('ms', times) }, facts }];
    job.dispose();
    return { rows, engines: [], notes: [] };
  },
};
