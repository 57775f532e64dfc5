import { hostTensor, writeSafetensors } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { decodeLenet, encodeMoments, initLenet, MomentStatistics } from '../../src/index';

const weights = initLenet(1);
const moments = encodeMoments(new MomentStatistics(64), { weights: 'abc' });
const files = { weights: writeSafetensors(weights), weightsSha256: 'abc', train: moments, test: moments };

describe('decodeLenet', () => {
  it('puts the files together', () => {
    const model = decodeLenet('mnist', files);
    expect(Object.keys(model.weights)).toEqual(Object.keys(weights));
    expect(model.reference.test.statistics.dimension).toBe(64);
  });

  it('refuses tensors of another shape and statistics of other weights', () => {
    const other = writeSafetensors({ ...weights, 'conv0.bias': hostTensor(new Float32Array(8)) });
    expect(() => decodeLenet('mnist', { ...files, weights: other })).toThrow('"conv0.bias" should have shape [16]');
    expect(() => decodeLenet('mnist', { ...files, weights: writeSafetensors({}) })).toThrow('the file has [none]');
    expect(() => decodeLenet('mnist', { ...files, weightsSha256: 'abd' })).toThrow('made with other weights');
  });
});
