import { tf, useBackend, type BackendName } from '@onestep/tensor';
import { benchNetwork } from '../jobs/networks';
import { trainingJob, trainingMethods, type TrainingJob, type TrainingMethod } from '../jobs/training-job';
import { interleaved, timed } from '../measure/interleaved';
import { kernelShares, kernelTimes, synchronousBackends } from '../measure/kernel-shares';
import { peakMemoryOf } from '../measure/peak-memory';
import type { CommonOptions, Question } from '../question';
import { figure, speedFigures, type Figure, type Row } from '../report/report';
import { namesOf, positiveInteger, withBackend, withWork } from './options';
import { steadyRow } from './steady-row';

interface TrainingOptions extends CommonOptions {
  readonly network?: readonly string[] | undefined;
  readonly method?: readonly TrainingMethod[] | undefined;
  readonly batch?: readonly number[] | undefined;
  readonly steps?: number | undefined;
  readonly backend: BackendName;
  readonly memory: boolean;
}

/** How fast is an eager training step, and where does its time go? */
export const training: Question<TrainingOptions> = {
  name: 'training',
  summary: 'Eager training steps: images/s, GFLOP/s, share of time by kernel, peak memory, steady tensor count.',
  configure: (command) =>
    withBackend(withWork(command))
      .option('--method <names>', `of ${trainingMethods.join(', ')}`, namesOf(trainingMethods))
      .option('--steps <count>', 'steps on a tiny network over which tensors are counted, default 200', positiveInteger)
      .option('--no-memory', 'leave out peak memory, which takes a process for every case'),
  async ask(options, { progress, program }) {
    const { quick, backend } = options;
    const rounds = options.rounds ?? (quick ? 2 : 5);
    const names = options.network ?? (quick ? ['tiny'] : ['mnist-tiny', 'mnist-base', 'engine-benchmark']);
    const methods = options.method ?? ['edm', 'ect'];
    const batches = options.batch ?? [quick ? 2 : 16];
    await useBackend(backend);

    // First, while the process is small: a leak of a few MB would drown in what large batches leave behind.
    const steps = options.steps ?? (quick ? 20 : 200);
    progress(`${steps} steps on a tiny network`);
    const tiny = await trainingJob({ network: benchNetwork('tiny'), method: 'ect', batch: 2 });
    const steady = await steadyRow(tiny, steps, () => tf.memory().numTensors);
    tiny.dispose();

    const jobs: TrainingJob[] = [];
    const rows: Row[] = [steady];
    try {
      for (const name of names) {
        for (const method of methods) {
          for (const batch of batches) jobs.push(await trainingJob({ network: benchNetwork(name), method, batch }));
        }
      }
      const candidates = jobs.map((job) => ({ name: job.name, run: timed(() => job.step()) }));
      const times = await interleaved(candidates, {
        rounds,
        onTurn: ({ round, name }) => progress(`${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${name}`),
      });
      for (const job of jobs) {
        const work = job.name;
        rows.push({ case: work, subject: job.description, figures: speedFigures(times.get(work) ?? [], job) });
      }
      if (synchronousBackends.includes(backend)) {
        for (const job of jobs) {
          progress(`share of time by kernel: ${job.name}`);
          rows.push({ case: job.name, subject: 'share of time', figures: await shareFigures(job, quick ? 1 : 3) });
        }
      }
      if (program !== undefined && options.memory && !quick) {
        for (const name of names) {
          for (const method of methods) {
            for (const batch of batches) {
              progress(`peak memory: ${name}, ${method}, batch ${batch}`);
              const peak = await peakMemoryOf(program, { network: name, batch, engine: 'eager', method, backend });
              const facts = { 'peak resident MB': peak };
              rows.push({ case: `${name}, ${method} step, batch ${batch}`, subject: 'memory', figures: {}, facts });
            }
          }
        }
      }
    } finally {
      for (const job of jobs) job.dispose();
    }
    return {
      rows,
      engines: [`TensorFlow.js ${tf.version_core}, backend ${backend}, one thread`],
      notes: [
        'GFLOP/s counts convolutions and matrix products alone: forward 1, gradients 2, target pass 1.',
        'A kernel that calls others is charged for them; the steps with stopwatches are not the ones timed above.',
      ],
    };
  },
};

async function shareFigures(job: TrainingJob, steps: number): Promise<Record<string, Figure>> {
  const shares = new Map<string, number[]>();
  for (let step = 0; step < steps; step += 1) {
    const measured = new Map(kernelShares(await kernelTimes(() => job.step())));
    for (const name of measured.keys()) if (!shares.has(name)) shares.set(name, new Array<number>(step).fill(0));
    for (const [name, list] of shares) list.push(measured.get(name) ?? 0);
  }
  const figures = [...shares].map(([name, list]): [string, Figure] => [name, figure('%', list)]);
  const large = figures.filter(([, { median }]) => median >= 1).sort((a, b) => b[1].median - a[1].median);
  return Object.fromEntries(large);
}
