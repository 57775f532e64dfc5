import { tf, type Params, type Scalar, type StepState } from '@onestep/tensor';
import { perImageGradients } from '../internal/per-image-gradients';
import type { Adversary, ObjectiveBatch } from '../objectives/objective';
import { withPrefix } from './step-inputs';
import { selectState } from './update-limits';

/** What the names of everything that belongs to the adversary begin with: gradients, state groups, scalars. */
const adversaryPrefix = 'adversary.';

/** A state group of the adversary's optimizer, or one of its scalars. */
export function adversaryGroup(group: string): string {
  return `${adversaryPrefix}optimizer.${group}`;
}

/** Gradients of the adversary's mean loss, as `adversary.NAME`. */
export function adversaryGradients(
  adversary: Adversary,
  params: Params,
  { batch, targets }: { readonly batch: ObjectiveBatch; readonly targets: Params },
): Params {
  const loss = (own: Params) => adversary.loss(own, batch, targets);
  const { grads } = perImageGradients(loss, params, batch.images.shape[0]);
  return Object.fromEntries(Object.entries(grads).map(([name, grad]) => [adversaryPrefix + name, grad]));
}

/** Gradients of what the student's optimizer trains, and of the adversary under its own names. */
export function splitGradients(grads: Params): { readonly student: Params; readonly adversary: Params } {
  const student = Object.fromEntries(Object.entries(grads).filter(([name]) => !name.startsWith(adversaryPrefix)));
  return { student, adversary: withPrefix(grads, adversaryPrefix) };
}

/**
 * One turn, as a selection in the graph: where the scalar `adversary.learns` is 1, the adversary makes its update and the
 * student's groups stay as they are; where it is 0, the other way round.
 *
 * @param next - the student's groups after its update
 * @param grads - of the adversary
 * @returns all of these groups, and the adversary's
 */
export function takeTurns(
  { optimizer }: Adversary,
  next: StepState,
  {
    state,
    grads,
    scalars,
  }: { readonly state: StepState; readonly grads: Params; readonly scalars: Readonly<Record<string, Scalar>> },
): Record<string, Params> {
  const own = Object.fromEntries(optimizer.groups.map((group) => [group, state[adversaryGroup(group)]]));
  const moved = optimizer.update(state.adversary, grads, own, withPrefix(scalars, adversaryGroup('')));
  const rival: Record<string, Params> = { adversary: moved.params };
  for (const group of optimizer.groups) rival[adversaryGroup(group)] = moved.state[group];
  const learns = scalars['adversary.learns'];
  return {
    ...selectState(tf.lessEqual(learns, 0), next, state),
    ...selectState(tf.greaterEqual(learns, 1), rival, state),
  };
}
