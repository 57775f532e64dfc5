import { tf, type Tensor } from '../tf';
import { toTensor, type HostTensor } from '../params/host-tensor';
import { mapParams, type Params } from '../params/params';
import { paramsToHost } from '../params/params-host';
import { checkSameGroups } from './check-groups';
import type { StepRunner, StepRunnerOptions, StepState } from './step';

/**
 * Runs the step op by op on the current backend. Slower than a compiled step, and the oracle for it.
 *
 * @param options - the step and its state, which is uploaded
 * @returns a runner; the caller calls `dispose`
 */
export function eagerRunner({ step, state: initial, frozen = {} }: StepRunnerOptions): Promise<StepRunner> {
  let state: StepState = mapParams(initial, upload);
  let constants: StepState = mapParams(frozen, upload);

  return Promise.resolve({
    description: `eager on ${tf.getBackend()}`,

    async step(inputs) {
      const uploaded = upload(inputs);
      let next: { readonly state: StepState; readonly outputs: Params };
      try {
        next = tf.tidy(() => step(state, constants, uploaded) as never);
      } catch (error) {
        tf.dispose(Object.values(uploaded));
        throw error;
      }
      const previous = state;
      state = next.state;
      try {
        return await paramsToHost(next.outputs);
      } finally {
        // A step may hand a tensor through unchanged, from any of its arguments to any of its results.
        const kept = new Set([...tensorsOf(state), ...tensorsOf(constants)]);
        const gone = [...tensorsOf(previous), ...Object.values(uploaded), ...Object.values(next.outputs)];
        for (const tensor of gone) if (!kept.has(tensor) && !tensor.isDisposed) tensor.dispose();
      }
    },

    async readState() {
      const groups: Record<string, Record<string, HostTensor>> = {};
      for (const [name, group] of Object.entries(state)) groups[name] = await paramsToHost(group);
      return groups;
    },

    replace: ({ state: newState = {}, frozen: newFrozen = {} }) =>
      // Throws become rejections in here.
      new Promise((resolve) => {
        checkSameGroups('replace: state', state, newState);
        checkSameGroups('replace: frozen', constants, newFrozen);
        const previous = [...tensorsOf(state), ...tensorsOf(constants)];
        state = { ...state, ...mapParams(newState, upload) };
        constants = { ...constants, ...mapParams(newFrozen, upload) };
        const kept = new Set([...tensorsOf(state), ...tensorsOf(constants)]);
        for (const tensor of previous) if (!kept.has(tensor) && !tensor.isDisposed) tensor.dispose();
        resolve();
      }),

    dispose() {
      for (const tensor of [...tensorsOf(state), ...tensorsOf(constants)]) if (!tensor.isDisposed) tensor.dispose();
    },
  });
}

const upload = (group: Readonly<Record<string, HostTensor>>): Params => mapParams(group, toTensor);

const tensorsOf = (groups: StepState): Tensor[] => Object.values(groups).flatMap((group) => Object.values(group));
