import type { StepRunner } from '@onestep/tensor';
import type { Objective, Progress, Stage } from '../objectives/objective';
import type { HostGroups, Optimizer } from '../optimizers/optimizer';
import { joinTrainables } from '../step/trainables';

/** The stage a step belongs to; where an objective has none, the whole run is one. */
export function stageOf(objective: Objective, progress: Progress): Stage {
  return objective.stage?.(progress) ?? { index: 0, step: progress.step, totalSteps: progress.totalSteps };
}

/** Where a run stands among its stages; advanced in place. */
export interface StagePosition {
  /** The stage the state belongs to. */
  stage: number;
  /** Optimizer updates since that stage began: what the moments hold. */
  updates: number;
}

/**
 * Before the first step of a new stage: the student becomes the teacher, if the objective keeps one in the state, and the
 * optimizer starts afresh. Doing it again changes nothing, so a stop on either side of it does no harm.
 */
export async function enterStage(
  position: StagePosition,
  index: number,
  { runner, objective, optimizer }: { runner: StepRunner; objective: Objective; optimizer: Optimizer },
): Promise<void> {
  if (index === position.stage) return;
  const { student, auxiliary } = await runner.readState();
  const moments: HostGroups = optimizer.init(joinTrainables(student, auxiliary));
  const state: Record<string, HostGroups[string]> = {};
  for (const group of optimizer.groups) state[`optimizer.${group}`] = moments[group];
  if (objective.needs.teacher === 'stages') state.teacher = student;
  await runner.replace({ state });
  position.stage = index;
  position.updates = 0;
}
