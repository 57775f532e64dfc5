import { tf, type Params, type StepFunction, type StepState } from '@onestep/tensor';
import { updateEma } from '../ema/ema';
import { splitGradients, takeTurns } from './adversary';
import { clipGradients, gradientNorm } from './gradient-norm';
import type { SliceGradients } from './slices';
import { unpackInputs, withPrefix } from './step-inputs';
import type { TrainStepOptions } from './train-step-options';
import { joinTrainables, splitTrainables } from './trainables';
import { selectState, withinLimits } from './update-limits';

/** The second half of a step: the state and the outputs that gradients lead to. */
export type StateUpdate = (
  state: StepState,
  /** The student's weights that the gradients were taken at. */
  student: Params,
  gradients: SliceGradients,
  /** With the scalars of the step. */
  inputs: Params,
) => ReturnType<StepFunction>;

/** Makes the second half of a step: clipping, optimizer, target average, the adversary's turn, averages, limits. */
export function stateUpdate({
  objective,
  optimizer,
  emaNames = [],
  clipNorm,
  limits = false,
}: TrainStepOptions): StateUpdate {
  const { needs, adversary, auxiliary: learned = {} } = objective;
  const learns = Object.keys(learned).length > 0;

  return (state, student, { perImage, grads: all }, inputs) => {
    const trained = joinTrainables(student, state.auxiliary);
    const { student: grads, adversary: rivalGrads } = splitGradients(all);
    const { scalars } = unpackInputs(inputs);
    const { squares, norm } = gradientNorm(grads);
    const optimizerState: Record<string, Params> = {};
    for (const group of optimizer.groups) optimizerState[group] = state[`optimizer.${group}`];
    const updated = optimizer.update(
      trained,
      clipNorm === undefined ? grads : clipGradients(grads, norm, clipNorm),
      optimizerState,
      withPrefix(scalars, 'optimizer.'),
    );

    const { network: moved, auxiliary } = splitTrainables(updated.params);
    let next: Record<string, Params> = { student: moved };
    if (learns) next.auxiliary = auxiliary;
    for (const group of optimizer.groups) next[`optimizer.${group}`] = updated.state[group];
    if (needs.target === 'ema') next.target = updateEma(state.target, moved, scalars.targetRate);
    if (adversary !== undefined) next = takeTurns(adversary, next, { state, grads: rivalGrads, scalars });
    for (const name of emaNames) {
      next[`ema.${name}`] = updateEma(state[`ema.${name}`], next.student, scalars[`emaRate.${name}`]);
    }
    const rivalNorm = adversary === undefined ? undefined : gradientNorm(rivalGrads).norm;
    const loss = tf.mean(perImage);
    const within = limits ? withinLimits({ loss, norm, rivalNorm }, scalars) : undefined;
    const kept = within === undefined ? next : selectState(within, next, state);
    return {
      state: needs.teacher === 'stages' ? { ...kept, teacher: state.teacher } : kept,
      outputs: {
        loss,
        perImage,
        gradNorm: norm,
        gradSquares: squares,
        ...(rivalNorm === undefined ? {} : { adversaryNorm: rivalNorm }),
        ...(within === undefined ? {} : { applied: tf.cast(within, 'float32') }),
      },
    };
  };
}
