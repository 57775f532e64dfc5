import { consistencyPreconditioning, preconditioned } from '@onestep/core';
import { estimateFlops } from '@onestep/models';
import { oneStep, sampleImages } from '@onestep/sampling';
import { disposeParams, paramsFromHost, tf, useBackend, type BackendName, type Params } from '@onestep/tensor';
import { initialWeights } from '../jobs/initial-weights';
import { benchNetwork, type BenchNetwork } from '../jobs/networks';
import { sigmaMax } from '../jobs/sampling-job';
import { interleaved, timed, type Candidate } from '../measure/interleaved';
import type { CommonOptions, Question } from '../question';
import { speedFigures } from '../report/report';
import { withBackend, withWork } from './options';

interface SamplingOptions extends CommonOptions {
  readonly network?: readonly string[] | undefined;
  readonly batch?: readonly number[] | undefined;
  readonly backend: BackendName;
}

/** How many images a second does eager one-step sampling give? */
export const sampling: Question<SamplingOptions> = {
  name: 'sampling',
  summary: 'Eager one-step sampling: images/s and GFLOP/s at batch 1 and 64.',
  configure: (command) => withBackend(withWork(command)),
  async ask(options, { progress }) {
    const { quick, backend } = options;
    const rounds = options.rounds ?? (quick ? 2 : 7);
    const names = options.network ?? (quick ? ['tiny'] : ['mnist-tiny', 'mnist-base', 'engine-benchmark']);
    const batches = options.batch ?? (quick ? [1, 4] : [1, 64]);
    await useBackend(backend);
    const held: Params[] = [];
    const works: (Candidate & { readonly images: number; readonly flops: number })[] = [];
    try {
      for (const name of names) {
        const network = benchNetwork(name);
        const params = paramsFromHost(await initialWeights(network));
        held.push(params);
        for (const batch of batches) {
          works.push({
            name: `${name}, one-step sampling, batch ${batch}`,
            images: batch,
            flops: estimateFlops(network.network, batch),
            calls: batch === 1 ? 5 : 1,
            run: timed(() => sampleBatch(network, params, batch)),
          });
        }
      }
      const times = await interleaved(works, {
        rounds,
        onTurn: ({ round, name }) => progress(`${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${name}`),
      });
      return {
        rows: works.map((work) => ({
          case: work.name,
          subject: `eager on ${backend}`,
          figures: speedFigures(times.get(work.name) ?? [], work),
        })),
        engines: [`TensorFlow.js ${tf.version_core}, backend ${backend}, one thread`],
        notes: ['From drawing the noise to images in host memory.'],
      };
    } finally {
      held.forEach(disposeParams);
    }
  },
};

async function sampleBatch({ network }: BenchNetwork, params: Params, batch: number): Promise<void> {
  const images = sampleImages({
    sampler: oneStep,
    consistencyFunction: preconditioned(network, consistencyPreconditioning({ sigmaMax }))(params),
    shape: network.shape,
    sigmas: [sigmaMax],
    count: batch,
    batchSize: batch,
  });
  while (!(await images.next()).done);
}
