import { appendZero, float64Space, karrasSigmas, tensorSpace } from '@onestep/core';
import { countLeaks, tf, useBackend, type Tensor } from '@onestep/tensor';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { countCalls, samplers, type Model, type Sampler } from '../../src';
import { fakeNoise, pointMass } from '../point-mass';

const space = float64Space;
const registered: [string, Sampler][] = Object.entries(samplers);
const deterministic = registered.filter(
  ([, { accepts, stochastic, finalZero }]) =>
    accepts === 'denoiser' && stochastic !== 'always' && finalZero === 'expected',
);

/** A grid of the form the sampler wants. */
function gridFor(name: string, { accepts, finalZero }: Sampler, n: number): number[] {
  if (name === 'one-step') return [80];
  const sigmas = karrasSigmas(n);
  if (finalZero === 'expected') return appendZero(sigmas);
  // A consistency function is not evaluated at sigmaMin, a denoiser is not asked for more than to get there.
  return accepts === 'consistency' ? sigmas.slice(0, -1) : sigmas;
}

beforeAll(async () => {
  await useBackend('cpu');
});

describe.each(registered)('sampler %s', (name, sampler) => {
  it('is registered under its own name', () => {
    expect(sampler.name).toBe(name);
  });

  it.each([2, 5, 18])('calls the model as often as nfe says, for a grid of %i levels', async (n) => {
    const sigmas = gridFor(name, sampler, n);
    const { call, calls } = countCalls(pointMass([0.3]));
    await sampler.sample(call, new Float64Array(1), { space, sigmas, noise: fakeNoise(1) });
    const expected = sampler.nfe({ sigmas });
    if (expected === undefined) expect(sampler.levels).toBe('ends');
    else expect(calls()).toBe(expected);
  });

  it('takes no draw twice, and none beyond those it declares', async () => {
    const taken: number[] = [];
    let steps = 0;
    const noise = (k: number): Float64Array => {
      taken.push(k);
      return fakeNoise(1)(k);
    };
    const onStep = (): void => void (steps += 1);
    const x = Float64Array.of(80);
    await sampler.sample(pointMass([0.3]), x, { space, sigmas: gridFor(name, sampler, 7), noise, onStep });
    const { stochastic, drawsPerStep = 1 } = sampler;
    expect(new Set(taken).size).toBe(taken.length);
    for (const k of taken) expect(k).toBeLessThan(steps * drawsPerStep);
    if (stochastic !== 'always') expect(taken).toEqual([]);
  });

  it('gives the same bits when run twice', async () => {
    const options = { space, sigmas: gridFor(name, sampler, 7), noise: fakeNoise(2) };
    const model: Model<Float64Array> = (x, sigma) => x.map((value) => Math.tanh(value) / (1 + sigma));
    const x = Float64Array.of(70, -110);
    expect(await sampler.sample(model, x, options)).toEqual(await sampler.sample(model, x, options));
  });

  it('leaves the start untouched and returns something new, even for an identity model', async () => {
    const x = Float64Array.of(1, 2);
    const result = await sampler.sample((at) => at, x, {
      space,
      sigmas: gridFor(name, sampler, 4),
      noise: fakeNoise(2),
    });
    expect(result).not.toBe(x);
    expect([...x]).toEqual([1, 2]);
  });

  it('accepts a model that answers later', async () => {
    const options = { space, sigmas: gridFor(name, sampler, 5), noise: fakeNoise(1) };
    const model = (x: Float64Array, sigma: number): Float64Array => x.map((value) => value / (1 + sigma * sigma));
    const later = (x: Float64Array, sigma: number): Promise<Float64Array> => Promise.resolve(model(x, sigma));
    const x = Float64Array.of(33);
    expect(await sampler.sample(later, x, options)).toEqual(await sampler.sample(model, x, options));
  });

  it('reports every step, with the level it leads to', async () => {
    const sigmas = gridFor(name, sampler, 6);
    // A consistency function goes to 0 from every level.
    const ends = sampler.accepts === 'consistency' ? [...sigmas, 0] : sigmas;
    const visited: number[] = [];
    const onStep = ({ index, sigmaNext }: { index: number; sigmaNext: number }): void => {
      expect(index).toBe(visited.length);
      visited.push(sigmaNext);
    };
    await sampler.sample(pointMass([1]), Float64Array.of(80), { space, sigmas, noise: fakeNoise(1), onStep });
    if (sampler.levels === 'ends') {
      expect(visited.at(-1)).toBe(ends.at(-1));
      visited.slice(1).forEach((level, i) => expect(level).toBeLessThan(visited[i]));
    } else {
      expect(visited).toEqual(ends.slice(1));
    }
  });

  it('clips what the model returns', async () => {
    const options = { space, sigmas: gridFor(name, sampler, 4), noise: () => new Float64Array(1) };
    const x = Float64Array.of(80);
    const clipped = await sampler.sample(pointMass([3]), x, { ...options, clip: [-1, 1] });
    expect(clipped).toEqual(await sampler.sample(pointMass([1]), x, options));
    expect(clipped).not.toEqual(await sampler.sample(pointMass([3]), x, options));
  });

  it('leaves one tensor: the result', async () => {
    const x = tf.tensor2d([[80, -20]]);
    const model: Model<Tensor> = (at, sigma) => tf.mul(tf.tanh(at), 1 / (1 + sigma));
    const sigmas = gridFor(name, sampler, 6);
    const { leaked, result } = await countLeaks(() =>
      sampler.sample(model, x, { space: tensorSpace, sigmas, noise: () => tf.ones([1, 2]), clip: [-1, 1] }),
    );
    expect(leaked).toBe(1);
    expect(x.isDisposed).toBe(false);
    result.dispose();
    x.dispose();
  });

  it('leaves no tensor when the model throws half way', async () => {
    const x = tf.tensor2d([[80, -20]]);
    const sigmas = gridFor(name, sampler, 6);
    let calls = 0;
    const model: Model<Tensor> = (at) => {
      calls += 1;
      if (calls === (sampler.nfe({ sigmas }) ?? 5)) throw new Error('out of order');
      return tf.tanh(at);
    };
    const { leaked } = await countLeaks(async () => {
      const run = sampler.sample(model, x, { space: tensorSpace, sigmas, noise: () => tf.ones([1, 2]) });
      await expect(run).rejects.toThrow('out of order');
    });
    expect(leaked).toBe(0);
    x.dispose();
  });

  it('refuses noise levels that do not decrease, naming the place', async () => {
    if (name === 'one-step') return;
    const sigmas = [80, 2, 2.5, 0.5];
    await expect(sampler.sample(pointMass([0]), new Float64Array(1), { space, sigmas })).rejects.toThrow(
      /: sigmas must (be strictly decreasing|not increase), but sigmas\[2\] = 2\.5 follows sigmas\[1\] = 2\.$/,
    );
  });

  it.each([[[]], [[Number.NaN, 1]], [[80, -1]], [[80, 0, 0]], [[0]]])('refuses the grid %j', async (sigmas) => {
    await expect(sampler.sample(pointMass([0]), new Float64Array(1), { space, sigmas })).rejects.toThrow(RangeError);
  });
});

describe.each(deterministic)('ODE sampler %s', (_, sampler) => {
  it('returns y at level 0 for a point mass y, whatever the start and the grid', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 1, max: 9, noNaN: true }),
        async (y, n, rho) => {
          const sigmas = appendZero(karrasSigmas(n, { rho }));
          const start = fakeNoise(y.length)(n).map((z) => 80 * z);
          const result = await sampler.sample(pointMass(y), start, { space, sigmas });
          y.forEach((value, i) => expect(result[i]).toBeCloseTo(value, 11));
        },
      ),
      { numRuns: 50 },
    );
  });
});
