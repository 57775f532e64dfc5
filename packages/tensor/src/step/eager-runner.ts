import { tf, type Tensor } from '../tf';
import { toHost, toTensor } from '../params/host-tensor';
import { disposeParams, mapParams, type Params } from '../params/params';
import type { StepRunner, StepRunnerOptions, StepState } from './step';

/** Runs the step op by op on the current backend. Slower than a compiled step, and the oracle for it. */
export function eagerRunner({ step, state: initial, frozen = {} }: StepRunnerOptions): Promise<StepRunner> {
  const upload = (group: StepRunnerOptions['state'][string]): Params => mapParams(group, toTensor);
  let state: StepState = mapParams(initial, upload);
  const constants: StepState = mapParams(frozen, upload);

  return Promise.resolve({
    description: `eager on ${tf.getBackend()}`,

    async step(inputs) {
      const uploaded = mapParams(inputs, toTensor);
      let next: { readonly state: StepState; readonly outputs: Params };
      try {
        next = tf.tidy(() => step(state, constants, uploaded) as never);
      } finally {
        disposeParams(uploaded);
      }
      const previous = state;
      state = next.state;
      // A step may hand a tensor through unchanged; only what is gone from the state is freed.
      const kept = new Set<Tensor>(Object.values(state).flatMap((group) => Object.values(group)));
      for (const group of Object.values(previous)) {
        for (const tensor of Object.values(group)) if (!kept.has(tensor)) tensor.dispose();
      }
      const outputs: Record<string, Awaited<ReturnType<typeof toHost>>> = {};
      for (const [name, tensor] of Object.entries(next.outputs)) outputs[name] = await toHost(tensor);
      disposeParams(next.outputs);
      return outputs;
    },

    async readState() {
      const groups: Record<string, Record<string, Awaited<ReturnType<typeof toHost>>>> = {};
      for (const [name, group] of Object.entries(state)) {
        groups[name] = {};
        for (const [param, tensor] of Object.entries(group)) groups[name][param] = await toHost(tensor);
      }
      return groups;
    },

    dispose() {
      for (const group of [...Object.values(state), ...Object.values(constants)]) disposeParams(group);
    },
  });
}
