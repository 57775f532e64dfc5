import { beforeAll, describe, expect, it } from 'vitest';
import {
  gaussianFlow,
  meanflowPreconditioning,
  perImage,
  trigflowPreconditioning,
  type Conditioning,
  type Network,
} from '@onestep/core';
import {
  countLeaks,
  randomStream,
  tf,
  useBackend,
  type Params,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import { meanflowObjective, modelOf } from '@onestep/training';
import { largest } from './exact-gaussian';
import { expectGradients } from './gradients';

beforeAll(() => useBackend('cpu'));

const std = 0.6;
const from = [0.05, 0.4, 1.5, 6, 2, 0.3];
const to = [0.01, 0.1, 0.5, 0.2, 2, 0.3];
const request = { seed: 4, batchSize: 400, shape: [2], step: 0, totalSteps: 1, imagesSeen: 0 };

/**
 * Exact average velocity of a centred Gaussian: z_r = z S(r) / S(tau), S(tau)^2 = (1 - tau)^2 std^2 + tau^2, so that
 * u = z ((tau + r) (std^2 + 1) - 2 std^2) / (S(tau) (S(tau) + S(r))). `shift` spoils it.
 */
function exactAverage(timeScale: number): Pick<Network, 'apply'> {
  return {
    apply(params, z, { cNoise, cNoise2 }: Conditioning) {
      if (cNoise2 === undefined) throw new Error('expected a second time');
      const [tau, r] = [cNoise, cNoise2].map((time) => perImage(tf.div<Tensor1D>(time, timeScale), z));
      const spread = (t: Tensor) => tf.sqrt(tf.add(tf.mul(tf.square(tf.sub(1, t)), std ** 2), tf.square(t)));
      const [here, there] = [spread(tau), spread(r)];
      const top = tf.sub(tf.mul(tf.add(tau, r), std ** 2 + 1), 2 * std ** 2);
      const exact = tf.mul(z, tf.div(top, tf.mul(here, tf.add(here, there))));
      return tf.add(exact, tf.mul(tf.sin(tf.mul(tau, 3)), params.shift));
    },
  };
}

/** A network with both times as inputs. */
const tiny: Pick<Network, 'apply'> = {
  apply(params, z, { cNoise, cNoise2 }) {
    if (cNoise2 === undefined) throw new Error('expected a second time');
    const inner = [
      tf.matMul(z as Tensor2D, params.w1 as Tensor2D),
      tf.mul(perImage(cNoise, z), params.u),
      tf.mul(perImage(cNoise2, z), params.v),
    ].reduce((sum, part) => tf.add(sum, part));
    return tf.matMul(tf.tanh(inner), params.w2);
  },
};

function tinyParams(): Params {
  const shapes = { w1: [2, 5], u: [1, 5], v: [1, 5], w2: [5, 2] };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      tf.tensor(randomStream(1, name).normal(shape[0] * shape[1]), shape),
    ]),
  );
}

/** Images and noise whose line n - x0 is the velocity of the exact flow at z_tau: x0 = E[x0 | z], n = E[n | z]. */
function exactBatch() {
  const sigma = tf.tensor1d(from);
  const x = tf.tensor2d([0.2, -0.5, 0.6, 0.1, -1, 0.7, 2, -3, 1, 2, -0.3, 0.7], [6, 2]);
  const images = tf.mul(x, perImage(tf.div<Tensor1D>(std ** 2, tf.add(tf.square(sigma), std ** 2)), x));
  const noise = tf.div(tf.sub(x, images), perImage(sigma, x));
  return { images, draws: { noise, sigma, sigmaNext: tf.tensor1d(to) }, condition: {} };
}

describe('meanflow', () => {
  it.each([1, 5])('leaves exact average velocities alone, at time scale %d', (timeScale) => {
    tf.tidy(() => {
      const preconditioning = meanflowPreconditioning({ timeScale });
      const model = modelOf(exactAverage(timeScale), preconditioning);
      const objective = meanflowObjective({ weightPower: 0 });
      const residual = (shift: number) => {
        const student = model({ shift: tf.scalar(shift) });
        const batch = exactBatch();
        return largest(objective.loss(student, batch, objective.targets({ student }, batch), {}));
      };
      // Squared errors: rounding of 1e-6 leaves 1e-12.
      expect(residual(0)).toBeLessThan(1e-11);
      expect(residual(0.3)).toBeGreaterThan(1e-2);
    });
  });

  it('with exact average velocities jumps along the flow of the data', () => {
    tf.tidy(() => {
      const flow = gaussianFlow({ mean: [0], std });
      const { jump } = modelOf(exactAverage(1), meanflowPreconditioning())({ shift: tf.scalar(0) });
      const x = tf.tensor2d([0.1, 0.5, -2, 7, 1, 0.3], [6, 1]);
      const ends = jump(x, tf.tensor1d(from), tf.tensor1d(to)).dataSync();
      x.dataSync().forEach((value, i) => {
        expect(ends[i]).toBeCloseTo(flow(Float64Array.of(value), from[i], to[i])[0], 5);
      });
    });
  });

  it('is flow matching where both times agree: the target is n - x0', () => {
    tf.tidy(() => {
      const batch = exactBatch();
      const draws = { ...batch.draws, sigmaNext: batch.draws.sigma };
      const student = modelOf(tiny, meanflowPreconditioning())(tinyParams());
      const { target } = meanflowObjective().targets({ student }, { ...batch, draws });
      expect(target.dataSync()).toEqual(tf.sub(draws.noise, batch.images).dataSync());
    });
  });

  it('has the gradient that central differences give with target and weight held fixed', () => {
    tf.tidy(() => {
      const model = modelOf(tiny, meanflowPreconditioning());
      const batch = exactBatch();
      for (const weightPower of [0, 0.5, 1]) {
        const objective = meanflowObjective({ weightPower });
        const targets = objective.targets({ student: model(tinyParams()) }, batch);
        expectGradients((params) => objective.loss(model(params), batch, targets, {}), tinyParams(), 6);
      }
    });
  });

  it('divides by (squared error + c)^p', () => {
    tf.tidy(() => {
      const student = modelOf(tiny, meanflowPreconditioning())(tinyParams());
      const batch = exactBatch();
      const lossAt = (weightPower: number) => {
        const objective = meanflowObjective({ weightPower, weightC: 0.1 });
        return objective.loss(student, batch, objective.targets({ student }, batch), {}).dataSync();
      };
      const errors = lossAt(0);
      lossAt(1).forEach((loss, i) => expect(loss).toBeCloseTo(errors[i] / (errors[i] + 0.1), 5));
      lossAt(0.5).forEach((loss, i) => expect(loss).toBeCloseTo(errors[i] / Math.sqrt(errors[i] + 0.1), 5));
    });
  });

  it('draws two ordered times, different in the asked share of images', () => {
    const shareOf = (jumpShare: number) => {
      const { sigma, sigmaNext } = meanflowObjective({ jumpShare }).draws(request);
      expect([...sigma.data].every((level, i) => level >= sigmaNext.data[i] && sigmaNext.data[i] > 0)).toBe(true);
      return [...sigma.data].filter((level, i) => level !== sigmaNext.data[i]).length / request.batchSize;
    };
    expect([shareOf(0), shareOf(1)]).toEqual([0, 1]);
    // Four standard deviations of a share of 400.
    expect(Math.abs(shareOf(0.25) - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 400));
  });

  it('needs a network with a second time and the preconditioning of MeanFlow, and sane options', () => {
    expect(meanflowObjective().needs.secondTime).toBe(true);
    tf.tidy(() => {
      const student = modelOf(tiny, trigflowPreconditioning())(tinyParams());
      expect(() => meanflowObjective().targets({ student }, exactBatch())).toThrow(
        'needs a student with preconditioning meanflow, got "trigflow"',
      );
    });
    expect(() => meanflowObjective({ jumpShare: 1.1 })).toThrow('jumpShare must be in [0, 1], got 1.1');
    expect(() => meanflowObjective({ weightC: 0 })).toThrow('weightC must be > 0, got 0');
    expect(() => meanflowObjective({ weightPower: -1 })).toThrow('weightPower must be >= 0, got -1');
    expect(() => meanflowObjective({ pMean: Number.NaN })).toThrow('pMean must be a finite number, got NaN');
  });

  it('frees everything but its targets and its loss', async () => {
    const { params, batch } = tf.tidy(() => ({ params: tinyParams(), batch: exactBatch() }));
    const student = modelOf(tiny, meanflowPreconditioning())(params);
    const objective = meanflowObjective();
    const { leaked } = await countLeaks(() => {
      tf.dispose(tf.tidy(() => objective.loss(student, batch, objective.targets({ student }, batch), {})));
    });
    expect(leaked).toBe(0);
    tf.dispose([params, batch.images, batch.draws]);
  });
});
