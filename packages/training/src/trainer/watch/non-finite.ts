import type { StepReport } from './judge-step';
import { rangeOf, type WatchFinding } from './watch-event';

/** The finding about a step whose loss or gradient is not finite: step, range of sigma, images and parameters concerned. */
export function nonFiniteFinding({ step, outputs, draws, names }: StepReport): WatchFinding {
  const loss = outputs.loss.data[0];
  const gradNorm = outputs.gradNorm.data[0];
  const images = indicesOf(outputs.perImage.data);
  const tensors = indicesOf(outputs.gradSquares.data).map((i) => names[i]);
  const quoted = tensors.map((name) => `"${name}"`);
  return {
    kind: 'non-finite',
    step,
    sigma: rangeOf(draws.sigma?.data),
    value: Number.isFinite(loss) ? gradNorm : loss,
    what: Number.isFinite(loss) ? `the gradient norm is ${gradNorm}` : `the loss is ${loss}`,
    facts: [
      ...(images.length === 0 ? [] : [`not finite for ${list('image', images.map(String))} of the batch`]),
      ...(tensors.length === 0 ? [] : [`gradient not finite in ${list('tensor', quoted)}`]),
    ],
    details: { loss, gradNorm, images, tensors },
  };
}

/** The finding about a step in which the gradient of the adversary is not finite. */
export function nonFiniteAdversary({ step, draws }: StepReport, norm: number): WatchFinding {
  return {
    kind: 'non-finite',
    step,
    sigma: rangeOf(draws.sigma?.data),
    value: norm,
    what: `the norm of the adversary's gradient is ${norm}`,
    details: { adversaryNorm: norm },
  };
}

function indicesOf(values: ArrayLike<number>): number[] {
  return Array.from(values).flatMap((value, i) => (Number.isFinite(value) ? [] : [i]));
}

function list(noun: string, items: readonly string[]): string {
  const shown = items.slice(0, 3).join(', ');
  const rest = items.length > 3 ? ` and ${items.length - 3} more` : '';
  return `${noun}${items.length === 1 ? '' : 's'} ${shown}${rest}`;
}
