import { adam, adamw, radam, radamRectification, type Optimizer } from '@onestep/training';
import { tf, toTensor, type Scalar, type Tensor } from '@onestep/tensor';
import type { AnyCase, GoldenCase } from '../case';
import { compare, compareAll, tolerances } from '../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../family';
import type { Entry } from '../golden-json';

/** Optimizers over given gradients or a quadratic (`optimizers.json`). */
export const optimizers: Family = {
  name: 'optimizers',
  recognises: (content) => content.has('p0', 'gradients', 'cases') || content.has('radam_rectification'),
  cases: (file) =>
    bySection(file, {
      p0: 'shared',
      gradients: 'shared',
      A: 'shared',
      b: 'shared',
      cases: () => eachEntry(file, 'cases', (entry, name) => optimizerCase(file, entry, name)),
      radam_rectification: () => eachEntry(file, 'radam_rectification', rectificationCase),
    }),
};

function optimizerFor(entry: Entry): Optimizer | undefined {
  const [beta1, beta2] = entry.numbers('betas');
  const options = {
    betas: [beta1, beta2] as const,
    epsilon: entry.number('eps'),
    weightDecay: entry.numberOr('weight_decay', 0),
  };
  switch (entry.text('optimizer')) {
    case 'Adam':
      return adam({ ...options, amsgrad: entry.flagOr('amsgrad', false) });
    case 'AdamW':
      return adamw({ ...options, amsgrad: entry.flagOr('amsgrad', false) });
    case 'RAdam':
      return radam(options);
    case 'RAdam-original':
      return radam({
        ...options,
        form: 'original',
        momentumFallback: entry.flagOr('degenerated_to_sgd', false),
      });
    default:
      return undefined;
  }
}

function optimizerCase(file: GoldenFile, entry: Entry, prefix: string): AnyCase {
  const kind = entry.text('optimizer');
  const name = `${prefix}/${kind}/${entry.text('gradients')}`;
  if (!['given', 'quadratic'].includes(entry.text('gradients'))) return { name, problem: 'unknown kind of gradients' };
  const optimizer = optimizerFor(entry);
  if (optimizer === undefined) return { name, problem: `unknown optimizer "${kind}"` };
  return {
    name,
    async run() {
      const trace = await optimizerTrace(file.content, entry, optimizer);
      return compare(trace, entry.numbers('trace_f64'), tolerances.optimizerFloat32);
    },
  };
}

/** Steps on float32 tensors; the parameter after each step. */
async function optimizerTrace(file: Entry, entry: Entry, optimizer: Optimizer): Promise<number[]> {
  const size = file.numbers('p0').length;
  const gradients = file.numbers('gradients');
  const numSteps = file.tensor('gradients').shape[0];
  const matrix = entry.text('gradients') === 'quadratic' ? file.numbers('A') : undefined;
  const offset = matrix === undefined ? undefined : file.numbers('b');
  const gradientAt = (step: number, p: ArrayLike<number>): number[] =>
    Array.from({ length: size }, (_, i) => {
      const given = gradients[step * size + i];
      if (matrix === undefined || offset === undefined) return given;
      let product = -offset[i] + 0.1 * given;
      for (let j = 0; j < size; j += 1) product += matrix[i * size + j] * p[j];
      return product;
    });

  let params: Record<string, Tensor> = { p: tf.tensor1d([...file.numbers('p0')]) };
  let state: Record<string, Record<string, Tensor>> = {};
  for (const [group, tensors] of Object.entries(optimizer.init({ p: { shape: [size] } }))) {
    state[group] = { p: toTensor(tensors.p) };
  }
  let current: ArrayLike<number> = file.numbers('p0');
  const trace: number[] = [];
  for (let step = 0; step < numSteps; step += 1) {
    const numbers = optimizer.scalars(step, entry.number('lr'));
    const next = tf.tidy(() => {
      const scalars: Record<string, Scalar> = {};
      for (const [name, value] of Object.entries(numbers)) scalars[name] = tf.scalar(value);
      return optimizer.update(params, { p: tf.tensor1d(gradientAt(step, current)) }, state, scalars) as never;
    }) as unknown as { params: typeof params; state: typeof state };
    tf.dispose([params, state]);
    ({ params, state } = next);
    current = await params.p.data();
    trace.push(...Array.from(current));
  }
  tf.dispose([params, state]);
  return trace;
}

function rectificationCase(entry: Entry, name: string): GoldenCase {
  return {
    name,
    run() {
      const beta2 = entry.number('beta2');
      const steps = entry.numbers('rho_t').map((_, step) => radamRectification(step, beta2));
      return compareAll(
        {
          rho_t: [steps.map(({ rho }) => rho), entry.numbers('rho_t')],
          rect: [steps.map(({ rectification }) => rectification), entry.numbers('rect')],
        },
        tolerances.optimizer,
      );
    },
  };
}
