import { networkFromConfig } from '@onestep/models';
import { eagerRunner, useBackend } from '@onestep/tensor';
import { serveGradients } from '@onestep/tensor/node';
import { makeStepParts, trainStepOptions } from '@onestep/training';
import { silentOutput } from '../output/output';
import { distanceForRecipe } from '../compose/recipe-distance';
import { loadTeacher, teacherFor } from '../compose/teacher';
import type { GradientWork } from './work';

// One worker of `onestep train --workers N`: gradients of its part of every batch.
await serveGradients(async (data) => {
  const { recipe, network, teacher: path, backend, compile, threads } = data as GradientWork;
  await useBackend(backend);
  const teacher = path === undefined ? undefined : teacherFor(recipe, (await loadTeacher(path)).model);
  const distance = await distanceForRecipe(recipe, silentOutput);
  const { gradients } = makeStepParts(
    trainStepOptions({ recipe, network: networkFromConfig(network), teacher, distance }),
  );
  if (!compile) return { gradients, runnerFactory: eagerRunner };
  const { compiledRunner } = await import('@onestep/compile');
  return { gradients, runnerFactory: compiledRunner({ executor: { threads } }) };
});
