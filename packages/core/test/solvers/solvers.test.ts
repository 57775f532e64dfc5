import { countLeaks, tf, useBackend, type Rank, type Tensor1D } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  eulerSolver,
  eulerStep,
  eulerStepPerImage,
  exponentialSigmas,
  float64Space,
  gaussianFlow,
  gaussianMixture,
  heunSolver,
  heunStep,
  heunStepPerImage,
  pfOdeDerivative,
  scheduledPfOdeDerivative,
  solverFromName,
  tensorSpace,
  vpSchedule,
  type Solver,
} from '../../src';
import { between } from '../support/arbitrary';
import { expectClose, float32Tolerance } from '../support/close';
import { plane } from '../support/mixture';

const start = Float64Array.from([40, -30, -20, 55]);

function integrate(solver: Solver, numSteps: number): Float64Array {
  const sigmas = exponentialSigmas(numSteps + 1, { sigmaMin: 0.01, sigmaMax: 40 });
  let x: Float64Array = start;
  for (let i = 0; i < numSteps; i += 1) x = solver.step(float64Space, plane.denoise, x, sigmas[i], sigmas[i + 1]);
  return x;
}

const largest = (a: Float64Array, b: Float64Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i])));

beforeAll(async () => {
  await useBackend('wasm');
});

describe.each([eulerSolver, heunSolver].map((solver) => [solver.name, solver] as const))('%s', (_, solver) => {
  it('converges with its declared order on the mixture', () => {
    const exact = integrate(heunSolver, 6400);
    const [coarse, fine] = [200, 400].map((n) => largest(integrate(solver, n), exact));
    expect(Math.log2(coarse / fine)).toBeGreaterThan(solver.order - 0.1);
    expect(Math.log2(coarse / fine)).toBeLessThan(solver.order + 0.1);
  });

  it('calls the denoiser as often as it says, once on the step to 0', () => {
    let calls = 0;
    const counting = (x: Float64Array, sigma: number) => {
      calls += 1;
      return plane.denoise(x, sigma);
    };
    solver.step(float64Space, counting, start, 2, 1);
    expect(calls).toBe(solver.nfe);
    solver.step(float64Space, counting, start, 2, 0);
    expect(calls).toBe(solver.nfe + 1);
  });

  it('returns the denoised image exactly on the step to 0', () => {
    expect(solver.step(float64Space, plane.denoise, start, 40, 0)).toEqual(plane.denoise(start, 40));
  });

  it('is exact for a point mass, whatever the step', () => {
    const mass = gaussianMixture({ weights: [1], means: [[0.3, -0.7]], stds: [0] });
    const exact = gaussianFlow({ mean: [0.3, -0.7], std: 0 });
    fc.assert(
      fc.property(between(0.01, 80), between(0.01, 80), (sigma, next) => {
        const x = solver.step(float64Space, mass.denoise, start, sigma, next);
        expectClose(x, exact(start, sigma, next), 1e-12);
      }),
    );
  });

  it('gives the same on tensors, for the whole batch and image by image, and leaks nothing', async () => {
    const { leaked } = await countLeaks(() => {
      const x = tf.tensor2d([...start], [2, 2]);
      const levels = (values: number[]): Tensor1D => tf.tensor1d(values);
      const denoise = (points: typeof x, sigma: number) =>
        tf.tidy(() => plane.denoiser(points, tf.fill([points.shape[0]], sigma)) as typeof x);
      const whole = solver.step(tensorSpace, denoise as never, x, 40, 10);
      expectClose(whole.dataSync(), solver.step(float64Space, plane.denoise, start, 40, 10), float32Tolerance);

      const [sigma, next] = [levels([40, 5]), levels([10, 3])];
      const each = solver.stepPerImage(plane.denoiser, x, sigma, next);
      const rows = [
        ...solver.step(float64Space, plane.denoise, start.slice(0, 2), 40, 10),
        ...solver.step(float64Space, plane.denoise, start.slice(2), 5, 3),
      ];
      expectClose(each.dataSync(), rows, float32Tolerance);
      tf.dispose([x, whole, sigma, next, each]);
    });
    expect(leaked).toBe(0);
  });

  it('hands the condition to every denoiser call', () => {
    tf.tidy(() => {
      const condition = { labels: tf.zeros([1, 3]) as never };
      const seen: unknown[] = [];
      const one = tf.ones<Rank.R1>([1]);
      solver.stepPerImage((x, _sigma, given) => (seen.push(given), x), tf.ones([1, 2]), one, one, condition);
      expect(seen).toEqual(new Array(solver.nfe).fill(condition));
    });
  });

  it('refuses levels outside their range', () => {
    expect(() => solver.step(float64Space, plane.denoise, start, 0, 0)).toThrow('sigma must be > 0, got 0');
    expect(() => solver.step(float64Space, plane.denoise, start, 1, -1)).toThrow('sigmaNext must be >= 0, got -1');
  });
});

describe('the textbook forms', () => {
  it('are what the steps compute', () => {
    const [sigma, next] = [3, 1.2];
    const d = pfOdeDerivative(float64Space, plane.denoise, start, sigma);
    const euler = start.map((x, i) => x + (next - sigma) * d[i]);
    expectClose(eulerStep(float64Space, plane.denoise, start, sigma, next), euler, 1e-14);
    const d2 = pfOdeDerivative(float64Space, plane.denoise, euler, next);
    const heun = start.map((x, i) => x + ((next - sigma) * (d[i] + d2[i])) / 2);
    expectClose(heunStep(float64Space, plane.denoise, start, sigma, next), heun, 1e-14);
  });

  it('relate the derivative to the score: dx/dsigma = -sigma score', () => {
    const score = plane.score(start, 3);
    expectClose(
      pfOdeDerivative(float64Space, plane.denoise, start, 3),
      score.map((value) => -3 * value),
      1e-14,
    );
  });

  it("agree in the time of another process: d(x / s)/dt = dx/dsigma sigma'", () => {
    const schedule = vpSchedule();
    const t = 0.4;
    const scale = schedule.scale(t);
    const scaled = start.map((x) => x * scale);
    const derivative = scheduledPfOdeDerivative(float64Space, { schedule, denoise: plane.denoise }, scaled, t);
    const unscaled = derivative.map((value, i) => (value - schedule.scaleDerivative(t) * start[i]) / scale);
    const expected = pfOdeDerivative(float64Space, plane.denoise, start, schedule.sigma(t));
    expectClose(
      unscaled,
      expected.map((value) => value * schedule.sigmaDerivative(t)),
      1e-12,
    );
  });
});

describe('solverFromName', () => {
  it('finds the solvers and lists them when the name is unknown', () => {
    expect(solverFromName('euler')).toBe(eulerSolver);
    expect(solverFromName('heun')).toBe(heunSolver);
    expect(() => solverFromName('rk4')).toThrow('unknown solver "rk4", expected one of euler, heun');
  });

  it('exports the steps of each', () => {
    expect([eulerSolver.stepPerImage, heunSolver.stepPerImage]).toEqual([eulerStepPerImage, heunStepPerImage]);
  });
});
