import type { HostTensor } from '@onestep/tensor';
import { noLimit } from '../../step/update-limits';
import { nonFiniteAdversary, nonFiniteFinding } from './non-finite';
import { outlierLimit } from './outlier-limit';
import { rangeOf, rounded, type WatchFinding } from './watch-event';
import type { WatchSettings } from './watch-settings';
import type { WatchState } from './watch-state';

/** What a step returned and what it was fed. */
export interface StepReport {
  /** Steps done including this one. */
  readonly step: number;
  readonly outputs: Readonly<Record<string, HostTensor>>;
  readonly draws: Readonly<Record<string, HostTensor>>;
  /** Parameter names in the order of the output `gradSquares`. */
  readonly names: readonly string[];
}

/** Limits of a step's loss and gradient norm. */
export interface StepLimits {
  readonly loss: number;
  readonly grad: number;
}

/** Limits of the next step. */
export function limitsOf(state: WatchState, { lossFactor, gradFactor, window }: WatchSettings): StepLimits {
  return {
    loss: outlierLimit(state.losses, { factor: lossFactor, window }),
    grad: outlierLimit(state.gradNorms, { factor: gradFactor, window }),
  };
}

/** The limits that the step itself enforces: none for outliers that are only reported. */
export function enforcedLimits(limits: StepLimits, { outliersAct }: WatchSettings): StepLimits {
  return outliersAct ? limits : { loss: noLimit, grad: noLimit };
}

/** What a step's outputs say. */
export interface StepVerdict {
  readonly findings: readonly WatchFinding[];
  /** Whether the policy acts; the step then counts neither for medians nor for logged means. */
  readonly acts: boolean;
}

/** Compares the outputs of a step with the limits made before it. */
export function judgeStep(report: StepReport, limits: StepLimits, { outliersAct }: WatchSettings): StepVerdict {
  const loss = report.outputs.loss.data[0];
  const gradNorm = report.outputs.gradNorm.data[0];
  if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
    return { findings: [nonFiniteFinding(report)], acts: true };
  }
  const rivalNorm = report.outputs.adversaryNorm?.data[0] ?? 0;
  if (!Number.isFinite(rivalNorm)) return { findings: [nonFiniteAdversary(report, rivalNorm)], acts: true };
  const findings: WatchFinding[] = [];
  const outlier = (kind: 'loss' | 'gradients', value: number, limit: number): void => {
    if (value <= limit) return;
    const what = `${kind === 'loss' ? 'the loss' : 'the gradient norm'} is ${rounded(value)}, above ${rounded(limit)},`;
    const sigma = rangeOf(report.draws.sigma?.data);
    findings.push({ kind, step: report.step, sigma, value, limit, what });
  };
  outlier('loss', loss, limits.loss);
  outlier('gradients', gradNorm, limits.grad);
  return { findings, acts: outliersAct && findings.length > 0 };
}

/** The state after a step that counts. */
export function remember(
  state: WatchState,
  { loss, gradNorm }: { readonly loss: number; readonly gradNorm: number },
  { window }: WatchSettings,
): WatchState {
  const push = (values: readonly number[], value: number): number[] => [...values, value].slice(-window);
  return { ...state, losses: push(state.losses, loss), gradNorms: push(state.gradNorms, gradNorm) };
}
