import { readSafetensors, tf, useBackend, type HostTensor, type Tensor, type Tensor4D } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { goldenFolder, readGoldenBytes } from '../../../../tools/workspace/golden';
import { fromChannelsFirst } from '../../src/importers/layout';
import { filterDown, filterDownWithin, filterMargin, filterUp, zeroPad } from '../../src/layers/resample-filter';
import { difference, imagesOf } from './golden-case';

const tolerance = 1e-5;
const filters = { f11: [1, 1], f1331: [1, 3, 3, 1] };

describe.runIf(goldenFolder() !== undefined)('resampling filters of EDM', () => {
  let tensors: Readonly<Record<string, HostTensor>>;
  beforeAll(async () => {
    await useBackend('wasm');
    ({ tensors } = readSafetensors(readGoldenBytes('imageops/imageops.safetensors')));
  });

  /** The 3 x 3 convolution of a case, with the bias if that is not added later. */
  const convolve = (key: string, x: Tensor): Tensor => {
    const stored = tensors[`${key}.w`];
    const [outChannels, inChannels] = stored.shape;
    const shape = [3, 3, inChannels, outChannels];
    const { data } = fromChannelsFirst({ layout: 'conv', shape }, stored.data);
    return tf.conv2d(x as Tensor4D, tf.tensor4d(Float32Array.from(data), [3, 3, inChannels, outChannels]), 1, 'same');
  };
  const withBias = (key: string, x: Tensor): Tensor => tf.add(x, tf.tensor1d(Array.from(tensors[`${key}.b`].data)));

  for (const [filterName, filter] of Object.entries(filters)) {
    const ops: Record<string, (x: Tensor, key: string) => Tensor> = {
      [`edm_up_${filterName}`]: (x) => filterUp(x, filter),
      [`edm_down_${filterName}`]: (x) => filterDown(x, filter),
      [`edm_conv3_up_${filterName}`]: (x, key) => withBias(key, convolve(key, filterUp(x, filter))),
      [`edm_conv3_down_${filterName}`]: (x, key) => withBias(key, convolve(key, filterDown(x, filter))),
      // Of the fused orders, NCSN++ uses the one that convolves before it halves.
      [`edm_conv3_down_${filterName}_fused`]: (x, key) =>
        withBias(key, filterDownWithin(convolve(key, zeroPad(x, filterMargin(filter))), filter)),
    };
    it.each(Object.keys(ops))('reproduces %s', (op) => {
      const keys = ['resample0', 'resample1', 'resample2'].filter((key) => Object.hasOwn(tensors, `${key}.${op}`));
      expect(keys.length).toBeGreaterThan(1);
      for (const key of keys) {
        tf.tidy(() => {
          const actual = ops[op](imagesOf(tensors[`${key}.x`]), key);
          const expected = imagesOf(tensors[`${key}.${op}`]);
          expect(actual.shape).toEqual(expected.shape);
          expect(difference(actual.dataSync(), expected.dataSync()).relative, key).toBeLessThan(tolerance);
        });
      }
    });
  }
});
