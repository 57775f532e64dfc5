import { disposeParams, tf, useBackend, type Tensor, type Tensor1D } from '@onestep/tensor';
import { beforeAll, describe, it } from 'vitest';
import {
  consistencyPreconditioning,
  distanceFromName,
  ectPair,
  edmPreconditioning,
  float64Space,
  gaussianMixture,
  heunStep,
  heunStepPerImage,
  karrasSigmas,
  lognormalSigma,
  preconditioned,
  pseudoHuberDistance,
  weighting,
  type Distance,
} from '../../src';
import { expectClose, float32Tolerance } from '../support/close';
import { goldenFolder, readLoss, type GoldenTensor } from '../support/golden';
import { goldenMlp, type GoldenMlp } from '../support/mlp';

/** Golden tolerance for float64 implementations of losses and samplers. */
const float64LossTolerance = 1e-9;

type Tensors<Name extends string> = Record<Name, GoldenTensor>;
interface ConsistencyCase extends Tensors<
  'x0' | 'noise' | 'indices' | 't' | 't2' | 'x_t' | 'x_t2' | 'student_out' | 'target_out' | 'weight' | 'loss_per_sample'
> {
  loss_norm: string;
  weight_schedule: string;
  num_scales: number;
  sigma_data: number;
  sigma_min: number;
  sigma_max: number;
  rho: number;
}
interface ConsistencyFile {
  student: GoldenMlp;
  target: GoldenMlp;
  gmm: Tensors<'weights' | 'means' | 'stds'>;
  cases: ConsistencyCase[];
}
interface IctFile {
  cases: (Tensors<'sigma_lo' | 'sigma_hi' | 'student_out' | 'target_out' | 'weight' | 'loss_per_sample'> & {
    pseudo_huber: 'vector' | 'elementwise';
    c: number;
    float32_gap: { loss_relative: number };
  })[];
}
interface EctFile {
  net: GoldenMlp;
  cases: (Tensors<'x0' | 'noise' | 'rnd_normal' | 't' | 'r' | 'D_t' | 'D_r' | 'loss_per_sample'> & {
    P_mean: number;
    P_std: number;
    sigma_data: number;
    q: number;
    stage: number;
    c: number;
    k: number;
    b: number;
    adj: 'sigmoid' | 'const';
  })[];
}

const tensor = ({ data, shape }: GoldenTensor): Tensor => tf.tensor(data, shape);
const vector = ({ data }: GoldenTensor): Tensor1D => tf.tensor1d(data);

function weighed(distance: Distance, a: GoldenTensor, b: GoldenTensor, weights: ArrayLike<number>): number[] {
  return tf.tidy(() => Array.from(distance(tensor(a), tensor(b)).dataSync(), (value, i) => value * weights[i]));
}

describe.runIf(goldenFolder() !== undefined)('golden losses', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  for (const name of ['consistency_distillation', 'consistency_training']) {
    it(`${name}: grid, weighting and distance give the loss of every sample`, () => {
      for (const entry of (readLoss(name) as ConsistencyFile).cases) {
        const sigmas = karrasSigmas(entry.num_scales, {
          sigmaMin: entry.sigma_min,
          sigmaMax: entry.sigma_max,
          rho: entry.rho,
        });
        const t = entry.indices.data.map((i) => sigmas[i]);
        expectClose(t, entry.t.data, float64LossTolerance);
        expectClose(
          entry.indices.data.map((i) => sigmas[i + 1]),
          entry.t2.data,
          float64LossTolerance,
        );
        const weights = weighting(entry.weight_schedule, { sigmaData: entry.sigma_data }).batch(t);
        expectClose(weights, entry.weight.data, float64LossTolerance);
        const losses = weighed(distanceFromName(entry.loss_norm), entry.student_out, entry.target_out, weights);
        expectClose(losses, entry.loss_per_sample.data, float32Tolerance);
      }
    });

    it(`${name}: the boundary preconditioning around the networks gives their outputs`, () => {
      const { student, target, cases } = readLoss(name) as ConsistencyFile;
      for (const entry of cases) {
        const { sigma_data, sigma_min, sigma_max } = entry;
        const preconditioning = consistencyPreconditioning({
          sigmaData: sigma_data,
          sigmaMin: sigma_min,
          sigmaMax: sigma_max,
          cNoise: 'openai',
        });
        const outputs = [
          [student, entry.x_t, entry.t, entry.student_out],
          [target, entry.x_t2, entry.t2, entry.target_out],
        ] as const;
        for (const [weights, x, sigma, expected] of outputs) {
          const { params, network } = goldenMlp(weights);
          const out = tf.tidy(() =>
            preconditioned(network, preconditioning)(params)(tensor(x), vector(sigma)).dataSync(),
          );
          expectClose(out, expected.data, float32Tolerance);
          disposeParams(params);
        }
      }
    });
  }

  it('consistency distillation: the Heun step of the exact teacher, in doubles and on tensors', () => {
    const { gmm, cases } = readLoss('consistency_distillation') as ConsistencyFile;
    const [components, d] = gmm.means.shape;
    const teacher = gaussianMixture({
      weights: gmm.weights.data,
      means: Array.from({ length: components }, (_, k) => gmm.means.data.slice(k * d, (k + 1) * d)),
      stds: gmm.stds.data,
    });
    for (const { x_t, x_t2, t, t2 } of cases) {
      const rows = t.data.flatMap((sigma, i) => {
        const x = Float64Array.from(x_t.data.slice(i * d, (i + 1) * d));
        return [...heunStep(float64Space, teacher.denoise, x, sigma, t2.data[i])];
      });
      expectClose(rows, x_t2.data, float64LossTolerance);
      const batch = tf.tidy(() => heunStepPerImage(teacher.denoiser, tensor(x_t), vector(t), vector(t2)).dataSync());
      expectClose(batch, x_t2.data, float32Tolerance);
    }
  });

  it('improved consistency training: inverse gap times pseudo-Huber gives the loss of every sample', () => {
    for (const entry of (readLoss('ict') as IctFile).cases) {
      const reduction = entry.pseudo_huber === 'vector' ? 'norm' : 'element';
      const weights = weighting('inverse-gap').batch(entry.sigma_hi.data, entry.sigma_lo.data);
      expectClose(weights, entry.weight.data, float64LossTolerance);
      const distance = pseudoHuberDistance(entry.c, { reduction });
      // Rounding the outputs to float32 is amplified by weights of up to 4e3: the golden rule for losses.
      const tolerance = Math.max(float32Tolerance, 10 * entry.float32_gap.loss_relative);
      expectClose(
        weighed(distance, entry.student_out, entry.target_out, weights),
        entry.loss_per_sample.data,
        tolerance,
      );
    }
  });

  it('easy consistency tuning: levels, outputs and the loss of every sample', () => {
    const { net, cases } = readLoss('ect') as EctFile;
    for (const entry of cases) {
      const { stage, q, k, b, adj } = entry;
      const t = lognormalSigma({ pMean: entry.P_mean, pStd: entry.P_std })(entry.rnd_normal.data);
      expectClose(t, entry.t.data, float64LossTolerance);
      const r = Array.from(t, (sigma) => ectPair(sigma, { stage, q, k, b, mapping: adj }).sigmaNext);
      expectClose(r, entry.r.data, float64LossTolerance);

      const { params, network } = goldenMlp(net);
      const out = tf.tidy(() => {
        const noised = tf.add(tensor(entry.x0), tf.mul(tf.reshape(vector(entry.t), [-1, 1]), tensor(entry.noise)));
        const denoiser = preconditioned(network, edmPreconditioning({ sigmaData: entry.sigma_data }))(params);
        return denoiser(noised, vector(entry.t)).dataSync();
      });
      expectClose(out, entry.D_t.data, float32Tolerance);
      disposeParams(params);

      const weights = weighting('inverse-gap').batch(t, r);
      expectClose(
        weighed(pseudoHuberDistance(entry.c), entry.D_t, entry.D_r, weights),
        entry.loss_per_sample.data,
        float32Tolerance,
      );
    }
  });
});
