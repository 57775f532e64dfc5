import { beforeAll, describe, expect, it } from 'vitest';
import { edmPreconditioning } from '@onestep/core';
import { mapParams, randomStream, tf, toTensor, useBackend, type Params } from '@onestep/tensor';
import { edmObjective, harmonicLogWeight, modelOf, type EdmObjectiveOptions } from '@onestep/training';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const network = tinyNetwork({ d: 2, hidden: 4 });
const progress = { seed: 1, batchSize: 6, shape: [2], step: 0, totalSteps: 10, imagesSeen: 0 };

/** Losses of one batch under given auxiliary parameters; call inside a tidy. */
function losses(options: EdmObjectiveOptions, auxiliary: Params = {}): tf.Tensor1D {
  const objective = edmObjective(options);
  const student = modelOf(network, edmPreconditioning())(
    network.init((name) => randomStream(3, name)),
    auxiliary,
  );
  const { images } = ringBatches(6)(0);
  const batch = { images: toTensor(images), draws: mapParams(objective.draws(progress), toTensor), condition: {} };
  return objective.loss(student, batch, {}, {});
}

const constant = (value: number): Params => ({
  'logWeight.weight': tf.tensor1d([value, ...new Array<number>(15).fill(0)]),
});

describe('edm with adaptive weighting', () => {
  it('learns nothing beside the network unless asked', () => {
    expect(edmObjective().auxiliary).toBeUndefined();
    expect(edmObjective({ adaptiveWeighting: true }).auxiliary).toEqual(harmonicLogWeight().shapes);
  });

  it('begins as without it, and is e^w l - w', () => {
    tf.tidy(() => {
      const plain = [...losses({}).dataSync()];
      expect([...losses({ adaptiveWeighting: true }, constant(0)).dataSync()]).toEqual(plain);
      const weighted = losses({ adaptiveWeighting: true }, constant(-0.7)).dataSync();
      plain.forEach((value, i) => expect(weighted[i]).toBeCloseTo(Math.exp(-0.7) * value + 0.7, 5));
    });
  });

  it('is smallest where the weight is the inverse of the mean loss, however it is summed', () => {
    tf.tidy(() => {
      const mean = tf.mean(losses({})).dataSync()[0];
      for (const reduction of ['mean', 'sum'] as const) {
        const at = (w: number) => tf.mean(losses({ adaptiveWeighting: true, reduction }, constant(w))).dataSync()[0];
        const best = -Math.log(mean);
        expect(at(best)).toBeLessThan(at(best - 0.1));
        expect(at(best)).toBeLessThan(at(best + 0.1));
      }
    });
  });
});
