import { countLeaks, tf, useBackend, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64Space, gaussianFlow, gaussianMixture, heunStep, karrasSigmas } from '../../src';
import { between } from '../support/arbitrary';
import { expectClose, float32Tolerance } from '../support/close';
import { plane } from '../support/mixture';

const points = fc.array(between(-3, 3), { minLength: 6, maxLength: 6 }).map((values) => Float64Array.from(values));

beforeAll(async () => {
  await useBackend('wasm');
});

describe('gaussianMixture', () => {
  it('has the closed-form denoiser of a single Gaussian, (v x + sigma^2 m) / (v + sigma^2)', () => {
    const [m, v] = [0.4, 0.09];
    const { denoise } = gaussianMixture({ weights: [3], means: [[m]], stds: [0.3] });
    fc.assert(
      fc.property(between(-5, 5), between(0.01, 80), (x, sigma) => {
        expect(denoise(Float64Array.of(x), sigma)[0]).toBeCloseTo((v * x + sigma ** 2 * m) / (v + sigma ** 2), 10);
      }),
    );
  });

  it('has a score that is the gradient of its log density', () => {
    fc.assert(
      fc.property(between(-2, 2), between(-2, 2), between(0.1, 5), (x, y, sigma) => {
        const h = 1e-5;
        const density = (dx: number, dy: number) => plane.logDensity(Float64Array.of(x + dx, y + dy), sigma)[0];
        const differences = [(density(h, 0) - density(-h, 0)) / (2 * h), (density(0, h) - density(0, -h)) / (2 * h)];
        expectClose(plane.score(Float64Array.of(x, y), sigma), differences, 1e-7);
      }),
    );
  });

  it('treats every point of a batch by itself', () => {
    fc.assert(
      fc.property(points, between(0.01, 10), (x, sigma) => {
        const rows = [0, 2, 4].flatMap((i) => [...plane.denoise(x.slice(i, i + 2), sigma)]);
        expect([...plane.denoise(x, sigma)]).toEqual(rows);
      }),
    );
  });

  it('is the same on tensors of any image shape, differentiable, without leaks', async () => {
    const x = [0.3, -0.2, 1, 2, 60, -50];
    const sigma = [0.05, 1, 70];
    const expected = sigma.flatMap((level, i) => [
      ...plane.denoise(Float64Array.from(x.slice(2 * i, 2 * i + 2)), level),
    ]);
    const { leaked } = await countLeaks(() => {
      const [images, levels] = [tf.tensor4d(x, [3, 2, 1, 1]), tf.tensor1d(sigma)];
      const denoised = plane.denoiser(images, levels);
      expect(denoised.shape).toEqual([3, 2, 1, 1]);
      expectClose(denoised.dataSync(), expected, float32Tolerance);
      const gradient = tf.grad((input: Tensor) => tf.sum(plane.denoiser(input, levels)))(images);
      expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
      tf.dispose([images, levels, denoised, gradient]);
    });
    expect(leaked).toBe(0);
  });

  it('reports lists that do not fit and values out of range', () => {
    expect(() => gaussianMixture({ weights: [1, 1], means: [[0]], stds: [1] })).toThrow(
      'the same length >= 1, got 2, 1, 1',
    );
    expect(() => gaussianMixture({ weights: [0], means: [[0]], stds: [1] })).toThrow('weights[0] must be > 0, got 0');
    expect(() => gaussianMixture({ weights: [1, 1], means: [[0], [0, 1]], stds: [1, 1] })).toThrow(
      'means[1] must have 1 entries, got 2',
    );
    expect(() => gaussianMixture({ weights: [1], means: [[0]], stds: [-1] })).toThrow('stds[0] must be >= 0, got -1');
    expect(() => plane.denoise(new Float64Array(3), 1)).toThrow('x must hold a multiple of 2 numbers, got 3');
    expect(() => plane.logDensity(new Float64Array(2), 0)).toThrow('sigma must be > 0, got 0');
  });
});

describe('gaussianFlow', () => {
  const flow = gaussianFlow({ mean: [0.4, -0.1], std: 0.3 });
  const x = Float64Array.of(30, -20, 5, 60);

  it('composes, and is the identity between equal levels', () => {
    fc.assert(
      fc.property(between(0.01, 80), between(0.01, 80), between(0, 80), (a, b, c) => {
        expectClose(flow(flow(x, a, b), b, c), flow(x, a, c), 1e-12);
        expect(flow(x, a, a)).toEqual(x);
      }),
    );
  });

  it('is where fine Heun steps with the exact denoiser end', () => {
    const { denoise } = gaussianMixture({ weights: [1], means: [[0.4, -0.1]], stds: [0.3] });
    const sigmas = karrasSigmas(1000);
    let y: Float64Array = x;
    for (let i = 1; i < sigmas.length; i += 1) y = heunStep(float64Space, denoise, y, sigmas[i - 1], sigmas[i]);
    expectClose(y, flow(x, 80, 0.002), 1e-5);
  });

  it('reports arguments out of range', () => {
    expect(() => gaussianFlow({ mean: [], std: 1 })).toThrow('mean.length must be >= 1, got 0');
    expect(() => gaussianFlow({ mean: [0], std: 0 })(x, 0, 1)).toThrow('sigma must be > 0 for a point mass');
    expect(() => flow(new Float64Array(3), 1, 1)).toThrow('x must hold a multiple of 2 numbers, got 3');
  });
});
