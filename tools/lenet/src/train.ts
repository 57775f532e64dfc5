import { batchIndices } from '@onestep/data';
import { initLenet, lenetFeatures, lenetLogits } from '@onestep/metrics';
import {
  hostTensor,
  tf,
  valueAndGrads,
  type HostTensor,
  type Params,
  type Scalar,
  type StepFunction,
  type StepRunnerFactory,
  type Tensor2D,
  type Tensor4D,
} from '@onestep/tensor';
import { adamw } from '@onestep/training';
import type { LabelledBytes } from './bytes';
import { stepInputs } from './inputs';
import type { LenetRecipe } from './recipe';

/** What is told after each epoch. */
export interface EpochReport {
  readonly epoch: number;
  readonly loss: number;
  readonly params: Record<string, HostTensor>;
}

/**
 * Trains the classifier.
 *
 * @param options - recipe, data, runner factory, and `onEpoch`
 * @returns the weights after the last step
 */
export async function trainLenet(options: {
  readonly recipe: LenetRecipe;
  readonly data: LabelledBytes;
  readonly makeRunner: StepRunnerFactory;
  readonly onEpoch: (report: EpochReport) => Promise<void>;
}): Promise<Record<string, HostTensor>> {
  const { recipe, data, makeRunner, onEpoch } = options;
  const { batchSize, epochs, seed, weightDecay } = recipe;
  const optimizer = adamw({ weightDecay });
  const params = initLenet(seed);
  const moments = optimizer.init(params);
  const runner = await makeRunner({
    step: makeStep(optimizer),
    state: { params, ...moments },
  });
  const indices = batchIndices({ length: data.count, batchSize, seed });
  const stepsPerEpoch = Math.floor(data.count / batchSize);
  const steps = epochs * stepsPerEpoch;
  let losses = 0;
  for (let step = 0; step < steps; step += 1) {
    const inputs = stepInputs(recipe, data, indices(step), step);
    const scalars = optimizer.scalars(step, learningRateAt(recipe, step, steps));
    for (const [name, value] of Object.entries(scalars)) {
      inputs[`scalar.${name}`] = hostTensor(Float32Array.of(value), []);
    }
    const { loss } = await runner.step(inputs);
    losses += loss.data[0];
    if ((step + 1) % stepsPerEpoch === 0) {
      const epoch = (step + 1) / stepsPerEpoch;
      await onEpoch({ epoch, loss: losses / stepsPerEpoch, params: (await runner.readState()).params });
      losses = 0;
    }
  }
  const state = await runner.readState();
  runner.dispose();
  return state.params;
}

function makeStep(optimizer: ReturnType<typeof adamw>): StepFunction {
  return (state, _frozen, inputs) => {
    const images = inputs.images as Tensor4D;
    const dropout = { flat: inputs['dropout.flat'] as Tensor2D, features: inputs['dropout.features'] as Tensor2D };
    const { value, grads } = valueAndGrads(
      (params) => crossEntropy(lenetLogits(params, lenetFeatures(params, images, dropout)), inputs.labels as Tensor2D),
      state.params,
    );
    const scalars: Record<string, Scalar> = {};
    for (const [name, tensor] of Object.entries(inputs)) {
      if (name.startsWith('scalar.')) scalars[name.slice('scalar.'.length)] = tensor as Scalar;
    }
    const moments: Record<string, Params> = {};
    for (const group of optimizer.groups) moments[group] = state[group];
    const moved = optimizer.update(state.params, grads, moments, scalars);
    return { state: { params: moved.params, ...moved.state }, outputs: { loss: value } };
  };
}

/** Mean of -log softmax(logits) at the label; the logits of this network are far from overflow. */
function crossEntropy(logits: Tensor2D, labels: Tensor2D): Scalar {
  const normalizer = tf.log(tf.sum(tf.exp(logits), 1));
  return tf.mean(tf.sub(normalizer, tf.sum(tf.mul(logits, labels), 1)));
}

function learningRateAt({ learningRate, warmupSteps }: LenetRecipe, step: number, steps: number): number {
  const warmup = Math.min(1, (step + 1) / warmupSteps);
  return learningRate * warmup * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
}
