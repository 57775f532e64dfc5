import { disposeParams, mapParams, randomStream, tf, valueAndGrads, type Scalar } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { mlp, withSecondTime } from '../../src';
import { describeOnWasm, itKeepsNoTensors } from '../support/on-backends';
import { smallInputs, smallNetwork, smallNetworkNames } from '../support/small-networks';

const rng = (name: string) => randomStream(1, name);
const isSecond = (name: string): boolean => /_s(\.|$)/.test(name);

describe.each(smallNetworkNames)('the second time of %s', (key) => {
  const plain = smallNetwork(key);
  const network = smallNetwork(key, { secondTime: true });

  it('adds parameters of its own and leaves the others as they are', () => {
    const names = Object.keys(network.paramShapes);
    expect(names.filter((name) => !isSecond(name))).toEqual(Object.keys(plain.paramShapes));
    // The layers of the embedding, and a projection wherever the first time has one; each with a bias or a gain.
    const projections = names.filter((name) => /(affine|emb_layers|emb|emb_linear)_s(\.1)?\.weight$/.test(name)).length;
    const blocks = names.filter((name) => /\.(affine|emb_layers\.1|emb|emb_linear)\.weight$/.test(name)).length;
    const embedding = key === 'edm2-unet' ? ['emb_noise_s.weight'].length : 4;
    expect(projections).toBe(blocks);
    expect(names.filter(isSecond).length).toBe(embedding + 2 * projections);
    expect(plain.secondTime).toBe(false);
    expect(network.secondTime).toBe(true);
    expect(network.multiplyAddsPerImage).toBeGreaterThan(plain.multiplyAddsPerImage);
  });

  describeOnWasm('apply', () => {
    itKeepsNoTensors('is the network without it where its projections are zero', () => {
      tf.tidy(() => {
        const params = network.init(rng);
        const silent = mapParams(params, (tensor, name) => (isSecond(name) ? tf.zerosLike(tensor) : tensor));
        const { x, conditioning } = smallInputs(network);
        const { cNoise2, ...first } = conditioning;
        const own = Object.fromEntries(Object.entries(params).filter(([name]) => !isSecond(name)));
        expect(cNoise2?.shape).toEqual([2]);
        const without = plain.apply(own, x, first).dataSync();
        expect(network.apply(silent, x, conditioning).dataSync()).toEqual(without);
        expect(network.apply(params, x, conditioning).dataSync()).not.toEqual(without);
      });
    });

    itKeepsNoTensors('is required with it and refused without', () => {
      tf.tidy(() => {
        const { x, conditioning } = smallInputs(network);
        const { cNoise2, ...first } = conditioning;
        expect(cNoise2).toBeDefined();
        expect(() => network.apply({}, x, first)).toThrow('cNoise2 is missing');
        expect(() => plain.apply({}, x, conditioning)).toThrow('takes no cNoise2');
      });
    });
  });

  describeOnWasm('gradients', () => {
    itKeepsNoTensors('reach every parameter of it', () => {
      const params = network.init(rng);
      const { x, conditioning } = smallInputs(network);
      const { value, grads } = valueAndGrads(
        (weights) => tf.sum<Scalar>(tf.square(network.apply(weights, x, conditioning))),
        params,
      );
      const dead = Object.entries(grads).filter(([, grad]) => tf.tidy(() => tf.max(tf.abs(grad)).dataSync()[0]) === 0);
      // A bias of attention's keys adds a constant to all scores of a query, which softmax takes out.
      expect(dead.map(([name]) => name).filter(isSecond)).toEqual([]);
      tf.dispose([value, x, ...Object.values(conditioning)] as never);
      disposeParams(params);
      disposeParams(grads);
    });
  });
});

describeOnWasm('withSecondTime', () => {
  itKeepsNoTensors('keeps the teacher and draws the rest as a fresh network would', () => {
    const teacherNetwork = smallNetwork('dhariwal-unet');
    const network = smallNetwork('dhariwal-unet', { secondTime: true });
    const teacher = teacherNetwork.init((name) => randomStream(2, name));
    const fresh = network.init(rng);
    const begun = withSecondTime(teacher, network, rng);
    expect(Object.keys(begun)).toEqual(Object.keys(network.paramShapes));
    for (const [name, tensor] of Object.entries(begun)) {
      expect(tensor.dataSync(), name).toEqual((isSecond(name) ? fresh : teacher)[name].dataSync());
    }
    // The copies are the caller's own.
    disposeParams(begun);
    expect(Object.values(teacher).some(({ isDisposed }) => isDisposed)).toBe(false);
    disposeParams(teacher);
    disposeParams(fresh);
  });

  itKeepsNoTensors('begins as the teacher in the EDM2 network, whose gains start at zero', () => {
    tf.tidy(() => {
      const teacherNetwork = smallNetwork('edm2-unet');
      const network = smallNetwork('edm2-unet', { secondTime: true, init: 'reference' });
      const teacher = teacherNetwork.init(rng);
      const { x, conditioning } = smallInputs(network);
      const { cNoise2, ...first } = conditioning;
      expect(cNoise2?.shape).toEqual([2]);
      const begun = withSecondTime(teacher, network, rng);
      const expected = teacherNetwork.apply(teacher, x, first).dataSync();
      expect(network.apply(begun, x, conditioning).dataSync()).toEqual(expected);
    });
  });

  itKeepsNoTensors('refuses networks without a second time and weights of another network', () => {
    tf.tidy(() => {
      const one = mlp({ shape: [2] });
      const two = mlp({ shape: [2], secondTime: true });
      const wide = mlp({ shape: [2], hiddenChannels: 32 });
      expect(() => withSecondTime(one.init(rng), one, rng)).toThrow('has no second time');
      expect(() => withSecondTime(wide.init(rng), two, rng)).toThrow(/is \[32, 32\], the network needs \[64, 64\]/);
      expect(() => withSecondTime(two.init(rng), two, rng)).toThrow('the network needs nothing');
    });
  });
});
