import { tf } from '@onestep/tensor';
import type { LogEntry, LogWindow } from './training-state';

/** A window without steps. */
export const emptyWindow: LogWindow = { steps: 0, lossSum: 0, gradNormSum: 0, events: [] };

/** The window with one more step in it. */
export function addToWindow(window: LogWindow, loss: number, gradNorm: number): LogWindow {
  const { steps, lossSum, gradNormSum, events } = window;
  return { steps: steps + 1, lossSum: lossSum + loss, gradNormSum: gradNormSum + gradNorm, events };
}

/**
 * Closes a window into a log line.
 *
 * @param window - what to close
 * @param facts - of the last step; `images` of the window were timed as `seconds`
 */
export function logEntry(
  window: LogWindow,
  facts: Pick<LogEntry, 'step' | 'imagesSeen' | 'learningRate' | 'curriculum'> & {
    readonly images: number;
    readonly seconds: number;
    readonly evaluation?: LogEntry['evaluation'];
  },
): LogEntry {
  const { images, seconds, step, imagesSeen, learningRate, curriculum, evaluation } = facts;
  return {
    step,
    imagesSeen,
    loss: window.lossSum / window.steps,
    gradNorm: window.gradNormSum / window.steps,
    learningRate,
    imagesPerSecond: images / Math.max(seconds, 1e-9),
    tensors: tf.memory().numTensors,
    curriculum,
    ...(window.events.length === 0 ? {} : { events: window.events }),
    ...(evaluation === undefined ? {} : { evaluation }),
  };
}
