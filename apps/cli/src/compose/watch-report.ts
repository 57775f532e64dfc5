import type { WatchEvent } from '@onestep/training';
import type { Output } from '../output/output';

/** How often the stability watch found something, by what followed. */
export type WatchCounts = Readonly<Record<WatchEvent['action'], number>>;

/** Says what the watch finds as it finds it, and counts it for the end. */
export function watchReport(
  output: Output,
  phase: string,
): { readonly counts: WatchCounts; readonly onEvent: (event: WatchEvent) => void } {
  const counts: Record<WatchEvent['action'], number> = { none: 0, skip: 0, rollback: 0, stop: 0 };
  return {
    counts,
    onEvent(event) {
      counts[event.action] += 1;
      // The error that ends the run says what stopped it.
      if (event.action !== 'stop') output.warn(`${phase}: ${event.message}${consequence[event.action]}`);
      output.event('watch', { phase, ...event });
    },
  };
}

const consequence: Readonly<Record<Exclude<WatchEvent['action'], 'stop'>, string>> = {
  none: '',
  skip: ' The update was discarded.',
  rollback: ' The run went back to its last snapshot.',
};

/** One sentence on what the watch found, for the end of a run; undefined if it found nothing. */
export function describeWatch({ none, skip, rollback }: WatchCounts): string | undefined {
  const parts = [
    ...(skip === 0 ? [] : [`${times(skip, 'update')} discarded`]),
    ...(rollback === 0 ? [] : [times(rollback, 'rollback')]),
    ...(none === 0 ? [] : [times(none, 'other warning')]),
  ];
  return parts.length === 0 ? undefined : `Stability watch: ${parts.join(', ')}; see metrics.jsonl`;
}

const times = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
