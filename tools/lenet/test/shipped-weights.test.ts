import { openDataset } from '@onestep/data/node';
import { lenetDatasets, lenetFeatures, lenetLogits } from '@onestep/metrics';
import { loadLenet } from '@onestep/metrics/node';
import { disposeParams, paramsFromHost, tf, toTensor, useBackend, type Tensor4D } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { imagesOf, readAll } from '../src/bytes';

const count = 500;

/** The dataset's first test images, or undefined where it is not installed. */
async function firstTestImages(name: string) {
  try {
    const { pixels, labels, id } = await readAll(await openDataset(name, { split: 'test' }));
    return { id, count, pixels: pixels.subarray(0, count * 784), labels: labels.subarray(0, count) };
  } catch (error) {
    if ((error as { code?: string }).code === 'unsupported') return undefined;
    throw error;
  }
}

// Tests exist for the datasets that are there: MNIST is a dependency, the other is there only where somebody installed it.
const installed = (
  await Promise.all(lenetDatasets.map(async (dataset) => ({ dataset, data: await firstTestImages(dataset) })))
).flatMap(({ dataset, data }) => (data === undefined ? [] : [{ dataset, data }]));

describe('the shipped weights', () => {
  beforeAll(() => useBackend('wasm'));

  it('are tested on MNIST at least', () => {
    expect(installed.map(({ dataset }) => dataset)).toContain('mnist');
  });

  for (const { dataset, data } of installed) {
    it(`classify the first 500 test images of ${dataset}`, async () => {
      const model = await loadLenet(dataset);
      const params = paramsFromHost(model.weights);
      let correct = 0;
      let first = 0;
      for (const host of imagesOf(data, 100)) {
        const images = toTensor(host) as Tensor4D;
        const features = lenetFeatures(params, images);
        expect(features.shape).toEqual([100, 64]);
        const classes = tf.argMax(lenetLogits(params, features), 1);
        (await classes.data()).forEach((found, i) => (correct += found === data.labels[first + i] ? 1 : 0));
        first += 100;
        tf.dispose([images, features, classes]);
      }
      disposeParams(params);
      expect(data.id).toBe(model.reference.test.about.id);
      // Three standard deviations of a share of 500 below the required accuracies.
      expect(correct / count).toBeGreaterThan(dataset === 'mnist' ? 0.98 : 0.88);
    });
  }
});
