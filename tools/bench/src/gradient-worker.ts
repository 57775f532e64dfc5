import { compiledRunner } from '@onestep/compile';
import { useBackend } from '@onestep/tensor';
import { serveGradients } from '@onestep/tensor/node';
import { makeStepParts, trainStepOptions } from '@onestep/training';
import { benchNetwork } from './jobs/networks';
import { jobRecipe } from './jobs/training-job';
import type { WorkerJob } from './questions/data-parallel';

// One worker of the question `data-parallel`: gradients of its part of every batch.
await serveGradients(async (data) => {
  const { network: name, method, batch, threads } = data as WorkerJob;
  // Of the backend only what tracing asks for.
  await useBackend('cpu');
  const network = benchNetwork(name);
  const recipe = jobRecipe({ network, method, batch });
  const { gradients } = makeStepParts(trainStepOptions({ recipe, network: network.network }));
  return { gradients, runnerFactory: compiledRunner({ executor: { threads } }) };
});
