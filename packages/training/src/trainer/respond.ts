import type { OnestepError } from '@onestep/tensor';
import type { RunContext } from './run-steps';
import { watchError, watchEvent, type WatchEvent, type WatchFinding } from './watch/watch-event';

/** Reports findings, in the log line to come and through the hook. */
export async function report(
  { position, hooks }: RunContext,
  findings: readonly WatchFinding[],
  action: WatchEvent['action'],
): Promise<void> {
  for (const finding of findings) {
    const event = watchEvent(finding, action);
    position.sinceLog = { ...position.sinceLog, events: [...position.sinceLog.events, event] };
    await hooks.onEvent?.(event);
  }
}

/**
 * Reports findings and does what the policy says: nothing more for a step that was skipped; back to the snapshot, counters
 * excepted; or an error.
 *
 * @param findings - at least one
 * @param options - `skipped`: whether the step discarded its update by itself
 * @returns the error that must end the run, `non-finite` or `unstable`, once the log line is written; undefined if it goes on
 */
export async function respond(
  context: RunContext,
  findings: readonly WatchFinding[],
  { skipped }: { readonly skipped: boolean },
): Promise<OnestepError | undefined> {
  const { position, watch, runner, recipe } = context;
  const { policy, maxEvents } = watch;
  const exhausted = policy !== 'stop' && position.watch.acted >= maxEvents;
  const helpless = policy === 'skip' && !skipped;
  const action = exhausted || helpless ? 'stop' : policy;
  await report(context, findings, action);
  const { snapshot } = position;
  if (action === 'stop' || (action === 'rollback' && snapshot === undefined)) {
    const spent = exhausted
      ? `The policy "${policy}" has acted ${maxEvents} times already, which is all that watch.maxEvents allows. `
      : '';
    const saved = position.step >= recipe.checkpoint.everySteps ? '; the last checkpoint is unharmed' : '';
    return watchError(findings[0], `${spent}Lower optimizer.learningRate or set optimizer.clipNorm${saved}.`);
  }
  position.watch = { ...position.watch, acted: position.watch.acted + 1 };
  if (action === 'rollback' && snapshot !== undefined) {
    await runner.replace({ state: snapshot.groups });
    position.stage = snapshot.stage;
    position.updates = snapshot.updates;
  }
  return undefined;
}
