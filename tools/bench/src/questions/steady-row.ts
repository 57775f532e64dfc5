import type { TrainingJob } from '../jobs/training-job';
import { watchSteps } from '../measure/steady';
import type { Row } from '../report/report';

/** Repeats a training step and reports whether tensors or memory grew. */
export async function steadyRow(job: TrainingJob, steps: number, tensors: () => number): Promise<Row> {
  const seen = await watchSteps(() => job.step(), { steps, tensors });
  return {
    case: `${job.name}, ${steps} steps`,
    subject: job.description,
    figures: {},
    facts: {
      'tensors constant': seen.tensorsMin === seen.tensorsMax,
      tensors: seen.tensorsMin === seen.tensorsMax ? seen.tensorsMax : `${seen.tensorsMin} .. ${seen.tensorsMax}`,
      'resident MB after a tenth of the steps': Math.round(seen.memoryMbEarly),
      'resident MB at the end': Math.round(seen.memoryMbEnd),
    },
  };
}
