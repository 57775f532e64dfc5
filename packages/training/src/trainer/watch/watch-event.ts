import { OnestepError } from '@onestep/tensor';

/** Something that should not happen in a healthy run. */
export interface WatchEvent {
  /**
   * `non-finite`: loss or gradient are no numbers; `loss`, `gradients`: an outlier against the running median; `average`: an
   * evaluation average does not move or is not finite; `samples`: the sampled images are all alike.
   */
  readonly kind: 'non-finite' | 'loss' | 'gradients' | 'average' | 'samples';
  /** Steps done including the one concerned. */
  readonly step: number;
  /** What followed. */
  readonly action: 'none' | 'skip' | 'rollback' | 'stop';
  /** Smallest and largest sigma of the batch, where the objective draws one. */
  readonly sigma?: readonly [number, number] | undefined;
  /** What was measured; null where it is not a finite number. */
  readonly value: number | null;
  /** What it should not pass; null where there is no such number. */
  readonly limit: number | null;
  /** One sentence for people, with step and range of sigma. */
  readonly message: string;
}

/** What an event is made from. */
export interface WatchFinding extends Pick<WatchEvent, 'kind' | 'step' | 'sigma'> {
  readonly value: number;
  readonly limit?: number | undefined;
  /** What is wrong, without step and sigma. */
  readonly what: string;
  /** More facts, appended to the sentence. */
  readonly facts?: readonly string[] | undefined;
  /** For the error that ends the run. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** The event of a finding. */
export function watchEvent(finding: WatchFinding, action: WatchEvent['action']): WatchEvent {
  const { kind, step, sigma, value, limit } = finding;
  return {
    kind,
    step,
    action,
    ...(sigma === undefined ? {} : { sigma }),
    value: Number.isFinite(value) ? value : null,
    limit: limit ?? null,
    message: sentence(finding),
  };
}

/** The error that ends a run over a finding; `advice` is the last sentence of its message. */
export function watchError(finding: WatchFinding, advice: string): OnestepError {
  const { kind, step, value, limit, details } = finding;
  return new OnestepError(
    kind === 'non-finite' ? 'non-finite' : 'unstable',
    `trainer: ${sentence(finding)} ${advice}`,
    { details: { kind, step, value, limit, ...details } },
  );
}

function sentence({ what, step, sigma, facts = [] }: WatchFinding): string {
  const range = sigma === undefined ? [] : [`sigma of the batch is [${sigma.map(rounded).join(', ')}]`];
  const all = [...range, ...facts];
  return `${what} at step ${step}${all.length === 0 ? '' : `: ${all.join('; ')}`}.`;
}

/** Four digits, for people. */
export function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Smallest and largest of the values; undefined where there are none. */
export function rangeOf(values: ArrayLike<number> | undefined): readonly [number, number] | undefined {
  if (values === undefined || values.length === 0) return undefined;
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 1) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return [low, high];
}
