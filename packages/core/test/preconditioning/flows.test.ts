import { tf, useBackend, type Tensor, type Tensor1D } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  edmPreconditioning,
  gaussianFlow,
  gaussianMixture,
  preconditioned,
  rectifiedFlowPreconditioning,
  rectifiedFlowSchedule,
  trigflowPreconditioning,
} from '../../src';
import { between } from '../support/arbitrary';
import { expectClose, float32Tolerance } from '../support/close';

beforeAll(async () => {
  await useBackend('wasm');
});

const sigma = between(0.002, 80);

describe('trigflowPreconditioning', () => {
  it('is the preconditioning of EDM with the sign of F turned and the angle as noise embedding', () => {
    fc.assert(
      fc.property(sigma, between(0.1, 2), (level, sigmaData) => {
        const trig = trigflowPreconditioning({ sigmaData }).at(level);
        const edm = edmPreconditioning({ sigmaData }).at(level);
        expect([trig.cSkip, trig.cOut, trig.cIn]).toEqual([edm.cSkip, -edm.cOut, edm.cIn]);
        expect(Math.tan(trig.cNoise) * sigmaData).toBeCloseTo(level, 6);
      }),
    );
  });

  it('is cos(t) x_t - sin(t) sigmaData F(x_t / sigmaData, t) at x_t = cos(t) x', () => {
    fc.assert(
      fc.property(between(0.001, 1.57), between(0.1, 2), between(-3, 3), between(-2, 2), (t, sigmaData, x, output) => {
        const { cSkip, cOut, cIn } = trigflowPreconditioning({ sigmaData }).at(sigmaData * Math.tan(t));
        expect(cIn * x).toBeCloseTo((Math.cos(t) * x) / sigmaData, 9);
        expect(cSkip * x + cOut * output).toBeCloseTo(Math.cos(t) ** 2 * x - Math.sin(t) * sigmaData * output, 9);
      }),
    );
  });

  it('leaves x alone at sigma 0', () => {
    expect(trigflowPreconditioning().at(0)).toEqual({ cSkip: 1, cOut: -0, cIn: 2, cNoise: 0 });
    tf.tidy(() => {
      const f = preconditioned({ apply: (_, x) => tf.mul(tf.add(x, 7), 3) }, trigflowPreconditioning())({});
      const x = tf.tensor2d([0.3, -5, 1e-3, 80], [2, 2]);
      expect(f(x, tf.tensor1d([0, 0])).dataSync()).toEqual(x.dataSync());
    });
  });

  it('gives the exact denoiser of a Gaussian for F = dx_t/dt / sigmaData', () => {
    const std = 0.8;
    const mixture = gaussianMixture({ weights: [1], means: [[0]], stds: [std] });
    fc.assert(
      fc.property(between(0.05, 1.5), between(-3, 3), (t, x) => {
        const sigmaData = 0.5;
        const level = sigmaData * Math.tan(t);
        const xt = Math.cos(t) * x;
        // x_t of a centred Gaussian is scaled by its std along the trajectory: d ln x_t / dt = d ln std(t) / dt.
        const variance = (Math.cos(t) * std) ** 2 + (Math.sin(t) * sigmaData) ** 2;
        const slope = (xt * Math.sin(t) * Math.cos(t) * (sigmaData ** 2 - std ** 2)) / variance;
        const { cSkip, cOut } = trigflowPreconditioning({ sigmaData }).at(level);
        expect(cSkip * x + (cOut * slope) / sigmaData).toBeCloseTo(mixture.denoise(Float64Array.of(x), level)[0], 9);
      }),
    );
  });
});

describe('rectifiedFlowPreconditioning', () => {
  it('is X_t + (1 - t) v at X_t = t x, t = 1 / (1 + sigma)', () => {
    fc.assert(
      fc.property(between(0.001, 1), between(-3, 3), between(-2, 2), (t, x, velocity) => {
        const level = (1 - t) / t;
        const { cSkip, cOut, cIn, cNoise } = rectifiedFlowPreconditioning({ timeScale: 999 }).at(level);
        expect(cIn * x).toBeCloseTo(t * x, 12);
        expect(cNoise).toBeCloseTo(999 * t, 9);
        expect(cSkip * x + cOut * velocity).toBeCloseTo(t * x + (1 - t) * velocity, 12);
      }),
    );
  });

  it('has the scale and the noise level of the rectified-flow schedule', () => {
    for (const t of [0.05, 0.3, 0.7, 0.95]) {
      const { scale, sigma: level } = rectifiedFlowSchedule;
      expect(rectifiedFlowPreconditioning().at(level(t)).cIn).toBeCloseTo(scale(t), 12);
    }
  });

  it('turns the exact velocity of a Gaussian into its exact denoiser, on tensors', () => {
    tf.tidy(() => {
      const std = 0.6;
      const levels = [0.05, 0.4, 2, 30];
      // E[data - noise | X_t], from the covariances of a centred Gaussian; t is cNoise.
      const velocity = (x: Tensor, t: Tensor) => {
        const variance = tf.add(tf.mul(tf.square(t), std ** 2), tf.square(tf.sub(1, t)));
        return tf.mul(x, tf.div(tf.sub(tf.mul(t, std ** 2), tf.sub(1, t)), variance));
      };
      const network = {
        apply: (_: unknown, x: Tensor, { cNoise }: { cNoise: Tensor1D }) => velocity(x, tf.reshape(cNoise, [-1, 1])),
      };
      const denoise = preconditioned(network, rectifiedFlowPreconditioning({ timeScale: 1 }))({});
      const x = [0.7, -1.2, 3, -20];
      const exact = levels.map((level, i) => (std ** 2 / (std ** 2 + level ** 2)) * x[i]);
      expectClose(denoise(tf.tensor2d(x, [4, 1]), tf.tensor1d(levels)).dataSync(), exact, float32Tolerance);
    });
  });
});

describe('gaussianFlow', () => {
  it('conserves x_t / std(t) in the coordinates of TrigFlow', () => {
    const flow = gaussianFlow({ mean: [0], std: 0.3 });
    fc.assert(
      fc.property(sigma, sigma, between(-3, 3), (from, to, x) => {
        const [end] = flow(Float64Array.of(x), from, to);
        expect(end / Math.sqrt(0.09 + to ** 2)).toBeCloseTo(x / Math.sqrt(0.09 + from ** 2), 9);
      }),
    );
  });
});
