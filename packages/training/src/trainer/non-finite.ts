import { OnestepError, type HostTensor } from '@onestep/tensor';

/** What a step returned and what it was fed. */
export interface StepReport {
  /** Steps done including this one. */
  readonly step: number;
  readonly outputs: Readonly<Record<string, HostTensor>>;
  readonly draws: Readonly<Record<string, HostTensor>>;
  /** Parameter names in the order of the output `gradSquares`. */
  readonly names: readonly string[];
}

/**
 * Throws if the loss or a gradient of a step is not a finite number.
 *
 * @throws {@link OnestepError} `non-finite` naming the step, the range of sigma in the batch, the images and the
 * parameters concerned
 */
export function checkFinite({ step, outputs, draws, names }: StepReport): void {
  const loss = outputs.loss.data[0];
  const gradNorm = outputs.gradNorm.data[0];
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;

  const images = indicesOf(outputs.perImage.data);
  const tensors = indicesOf(outputs.gradSquares.data).map((i) => names[i]);
  const what = Number.isFinite(loss) ? `the gradient norm is ${gradNorm}` : `the loss is ${loss}`;
  const facts = [
    ...(draws.sigma === undefined ? [] : [`sigma of the batch is ${range(draws.sigma.data)}`]),
    ...(images.length === 0 ? [] : [`not finite for ${list('image', images.map(String))} of the batch`]),
    ...(tensors.length === 0
      ? []
      : [
          `gradient not finite in ${list(
            'tensor',
            tensors.map((name) => `"${name}"`),
          )}`,
        ]),
  ];
  throw new OnestepError(
    'non-finite',
    `trainer: ${what} at step ${step}: ${facts.join('; ')}. ` +
      'Lower optimizer.learningRate or set optimizer.clipNorm; the last checkpoint is unharmed.',
    { details: { step, loss, gradNorm, images, tensors } },
  );
}

function indicesOf(values: ArrayLike<number>): number[] {
  return Array.from(values).flatMap((value, i) => (Number.isFinite(value) ? [] : [i]));
}

function range(values: ArrayLike<number>): string {
  const all = Array.from(values);
  const digits = (value: number): string => String(Number(value.toPrecision(4)));
  return `[${digits(Math.min(...all))}, ${digits(Math.max(...all))}]`;
}

function list(noun: string, items: readonly string[]): string {
  const shown = items.slice(0, 3).join(', ');
  const rest = items.length > 3 ? ` and ${items.length - 3} more` : '';
  return `${noun}${items.length === 1 ? '' : 's'} ${shown}${rest}`;
}
