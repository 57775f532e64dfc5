import { compiledRunner } from '@onestep/compile';
import { parallelRunner, useBackend } from '@onestep/tensor';
import { workerCrew } from '@onestep/tensor/node';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { benchNetwork } from '../jobs/networks';
import { trainingJob, trainingMethods, type TrainingJob, type TrainingMethod } from '../jobs/training-job';
import { interleaved, timed } from '../measure/interleaved';
import { ratios } from '../measure/summary';
import type { CommonOptions, Question } from '../question';
import { figure, speedFigures, type Figure, type Row } from '../report/report';
import { namesOf, positiveInteger, positiveIntegers, withWork } from './options';

interface DataParallelOptions extends CommonOptions {
  readonly network?: readonly string[] | undefined;
  readonly batch?: readonly number[] | undefined;
  readonly method?: readonly TrainingMethod[] | undefined;
  readonly threads: number;
  readonly workers?: readonly number[] | undefined;
}

/** What a worker is told. */
export interface WorkerJob {
  readonly network: string;
  readonly method: TrainingMethod;
  /** Of all workers together. */
  readonly batch: number;
  /** Of this worker. */
  readonly threads: number;
}

/** One way to divide a batch and the threads. */
interface Division {
  readonly subject: string;
  readonly workers: number;
  readonly job: TrainingJob;
}

/** Is training faster if worker threads divide the batch among them? */
export const dataParallel: Question<DataParallelOptions> = {
  name: 'data-parallel',
  summary: 'Compiled training steps: one session with all threads against workers that divide batch and threads.',
  configure: (command) =>
    withWork(command)
      .option('--method <names>', `of ${trainingMethods.join(', ')}`, namesOf(trainingMethods))
      .option('--threads <count>', 'threads in all', positiveInteger, availableParallelism())
      .option('--workers <counts>', 'divisors of threads and batch, default all', positiveIntegers),
  async ask({ quick, threads, ...options }, { progress, program }) {
    if (program === undefined) throw new Error('data-parallel: needs the built program, beside which its worker lies.');
    const rounds = options.rounds ?? (quick ? 2 : 15);
    const networks = options.network ?? (quick ? ['tiny'] : ['mnist-tiny', 'mnist-small', 'engine-benchmark']);
    const batches = options.batch ?? (quick ? [4] : [64, 128]);
    await useBackend('cpu');
    const rows: Row[] = [];
    for (const network of networks) {
      for (const method of options.method ?? (['ect'] as const)) {
        for (const batch of batches) {
          const work = { network, method, batch, threads };
          const divisions: Division[] = [];
          try {
            for (const workers of [1, ...divisorsOf(work, options.workers)]) {
              progress(`${network}, batch ${batch}: starting ${workers}`);
              divisions.push(await divide(program, work, workers));
            }
            const candidates = divisions.map(({ subject, job }) => ({ name: subject, run: timed(() => job.step()) }));
            const times = await interleaved(candidates, {
              rounds,
              warmups: 2,
              onTurn: ({ round, name }) =>
                progress(`${network}, batch ${batch}: round ${round + 1} of ${rounds}, ${name}`),
            });
            const whole = times.get(divisions[0].subject) ?? [];
            for (const { subject, workers, job } of divisions) {
              const own = times.get(subject) ?? [];
              const gain: Record<string, Figure> = workers === 1 ? {} : { gain: figure('x', ratios(whole, own)) };
              rows.push({ case: job.name, subject, figures: { ...speedFigures(own, job), ...gain } });
            }
          } finally {
            for (const { job } of divisions) job.dispose();
          }
        }
      }
    }
    return {
      rows,
      engines: [`ONNX Runtime (CPU), ${threads} threads in all`],
      notes: [
        'x is the time of one session with all threads over that of the workers, round by round: above 1 they are faster.',
      ],
    };
  },
};

async function divide(program: string, work: WorkerJob, workers: number): Promise<Division> {
  const { method, batch, threads } = work;
  const whole = compiledRunner({ executor: { threads } });
  const each = threads / workers;
  const data: WorkerJob = { ...work, threads: each };
  const file = new URL('gradient-worker.js', pathToFileURL(program));
  const runnerFactory =
    workers === 1 ? whole : parallelRunner({ crew: workerCrew({ file, data, size: workers }), runnerFactory: whole });
  const job = await trainingJob({ network: benchNetwork(work.network), method, batch, runnerFactory });
  const subject =
    workers === 1
      ? `one session, ${threads} threads`
      : `${workers} workers, ${each} thread${each === 1 ? '' : 's'} each`;
  return { subject, workers, job };
}

/** The numbers of workers to try: those asked for, or all that divide threads and batch. */
function divisorsOf({ threads, batch }: WorkerJob, asked: readonly number[] | undefined): readonly number[] {
  const possible = Array.from({ length: threads }, (_, i) => i + 1).filter(
    (count) => threads % count === 0 && batch % count === 0,
  );
  const wrong = asked?.find((count) => !possible.includes(count));
  if (wrong !== undefined) {
    throw new RangeError(`data-parallel: ${wrong} workers do not divide ${threads} threads and ${batch} images.`);
  }
  return asked ?? possible.filter((count) => count > 1);
}
