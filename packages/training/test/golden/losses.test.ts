import { goldenFolder, readGoldenJson } from '../../../../tools/workspace/golden';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  consistencyPreconditioning,
  distanceFromName,
  edmPreconditioning,
  gaussianMixture,
  type Preconditioning,
  type WeightingName,
} from '@onestep/core';
import { tf, useBackend, type Params, type Tensor } from '@onestep/tensor';
import {
  cdObjective,
  ctObjective,
  ectObjective,
  edmObjective,
  modelOf,
  pdObjective,
  type Objective,
} from '@onestep/training';
import { perImageGradients } from '../../src/internal/per-image-gradients';
import { goldenMlp, goldenTensor, type GoldenTensor } from '../tiny-network';

type Mlp = Parameters<typeof goldenMlp>[0];
interface LossCase extends Record<string, unknown> {
  readonly x0: GoldenTensor;
  readonly noise: GoldenTensor;
  readonly loss: number;
  readonly loss_per_sample?: GoldenTensor;
  readonly float32_gap?: { readonly loss_relative: number; readonly grad_relative_to_max: number };
}

interface Setting {
  readonly objective: Objective;
  readonly preconditioning: Preconditioning;
  readonly weights: Mlp;
  readonly target?: Mlp;
  readonly mixture?: Parameters<typeof gaussianMixture>[0];
  readonly draws: Record<string, Tensor>;
  readonly gradients: Record<string, GoldenTensor>;
}

/** Golden README: 10 x the case's float32 gap, and not below 1e-5 (loss) and 1e-4 (gradient, of its largest entry). */
function check(
  c: LossCase,
  { objective, preconditioning, weights, draws, gradients, ...models }: Setting,
  name: string,
) {
  const lossTolerance = Math.max(1e-5, 10 * (c.float32_gap?.loss_relative ?? 0));
  const gradTolerance = Math.max(1e-4, 10 * (c.float32_gap?.grad_relative_to_max ?? 0));
  tf.tidy(() => {
    const { network, params, names } = goldenMlp(weights);
    const model = modelOf(network, preconditioning);
    const target: Params = models.target === undefined ? params : goldenMlp(models.target).params;
    const batch = { images: goldenTensor(c.x0), draws: { noise: goldenTensor(c.noise), ...draws }, condition: {} };
    const teacher = models.mixture === undefined ? undefined : gaussianMixture(models.mixture).denoiser;
    const others = { target: model(target), teacher };
    const targets = objective.targets({ student: model(params), ...others }, batch);
    const { perImage, grads } = perImageGradients(
      (p) => objective.loss(model(p), batch, targets, others),
      params,
      c.x0.shape[0],
    );
    const losses = [...perImage.dataSync()];
    c.loss_per_sample?.data.forEach((expected, i) => {
      expect(Math.abs(losses[i] - expected), `${name} image ${i}`).toBeLessThan(
        lossTolerance * (1 + Math.abs(expected)),
      );
    });
    const mean = losses.reduce((sum, value) => sum + value, 0) / losses.length;
    expect(Math.abs(mean - c.loss) / c.loss, `${name} loss`).toBeLessThan(lossTolerance);
    for (const key of names) {
      const expected = gradients[key].data;
      const got = grads[key].dataSync();
      const largest = Math.max(...expected.map(Math.abs));
      const gap = Math.max(...expected.map((value, i) => Math.abs(got[i] - value)));
      expect(gap / largest, `${name} gradient of ${key}`).toBeLessThan(gradTolerance);
    }
  });
}

const values = (tensor: unknown): number[] => [...(tensor as GoldenTensor).data];

describe.runIf(goldenFolder() !== undefined)('golden losses', () => {
  beforeAll(() => useBackend('cpu'));

  it.each(['consistency_distillation', 'consistency_training'])('agrees with the reference on %s', (file) => {
    const json = readGoldenJson<{
      readonly student: Mlp;
      readonly target: Mlp;
      readonly gmm: Record<'weights' | 'means' | 'stds', GoldenTensor>;
      readonly cases: readonly LossCase[];
    }>(`losses/${file}.json`);
    const [, d] = json.gmm.means.shape;
    const means = json.gmm.weights.data.map((_, k) => json.gmm.means.data.slice(k * d, (k + 1) * d));
    const distillation = file === 'consistency_distillation';
    json.cases.forEach((c, i) => {
      const range = {
        sigmaData: c.sigma_data as number,
        sigmaMin: c.sigma_min as number,
        sigmaMax: c.sigma_max as number,
      };
      const options = {
        ...range,
        distance: distanceFromName(c.loss_norm as string),
        weighting: c.weight_schedule as WeightingName,
      };
      const draws = {
        sigma: tf.tensor1d(values(c.t)),
        sigmaNext: tf.tensor1d(values(c.t2)),
        weight: tf.tensor1d(values(c.weight)),
      };
      check(
        c,
        {
          objective: distillation ? cdObjective({ ...options, targetEma: 0.5 }) : ctObjective(options),
          preconditioning: consistencyPreconditioning({ ...range, cNoise: 'openai' }),
          weights: json.student,
          target: json.target,
          ...(distillation
            ? { mixture: { weights: [...json.gmm.weights.data], means, stds: [...json.gmm.stds.data] } }
            : {}),
          draws,
          gradients: c.grad_of_mean_loss as Record<string, GoldenTensor>,
        },
        `${file} ${i}`,
      );
      tf.dispose(Object.values(draws));
    });
  });

  it('agrees with the reference on progressive distillation', () => {
    const json = readGoldenJson<{
      readonly student: Mlp;
      readonly gmm: Record<'weights' | 'means' | 'stds', GoldenTensor>;
      readonly cases: readonly LossCase[];
    }>('losses/progressive_distillation.json');
    const [, d] = json.gmm.means.shape;
    const means = json.gmm.weights.data.map((_, k) => json.gmm.means.data.slice(k * d, (k + 1) * d));
    json.cases.forEach((c, i) => {
      const sigmaData = c.sigma_data as number;
      const draws = {
        sigma: tf.tensor1d(values(c.t)),
        sigmaMid: tf.tensor1d(values(c.t_mid)),
        sigmaNext: tf.tensor1d(values(c.t_end)),
        weight: tf.tensor1d(values(c.weight)),
      };
      check(
        c,
        {
          objective: pdObjective({ distance: distanceFromName(c.loss_norm as string) }),
          preconditioning: edmPreconditioning({ sigmaData, cNoise: 'openai' }),
          weights: json.student,
          mixture: { weights: [...json.gmm.weights.data], means, stds: [...json.gmm.stds.data] },
          draws,
          gradients: c.grad_of_mean_loss as Record<string, GoldenTensor>,
        },
        `pd ${i}`,
      );
      tf.dispose(Object.values(draws));
    });
  });

  it('agrees with the reference on ECT, rows with r = 0 included', () => {
    const json = readGoldenJson<{ readonly net: Mlp; readonly cases: readonly LossCase[] }>('losses/ect.json');
    json.cases.forEach((c, i) => {
      const t = values(c.t);
      const r = values(c.r);
      const draws = {
        sigma: tf.tensor1d(t),
        sigmaNext: tf.tensor1d(r.map((level) => (level > 0 ? level : 0.002))),
        useClean: tf.tensor1d(r.map((level) => (level > 0 ? 0 : 1))),
        weight: tf.tensor1d(t.map((level, k) => 1 / (level - r[k]))),
      };
      check(
        c,
        {
          objective: ectObjective({ c: c.c as number, q: c.q as number }),
          preconditioning: edmPreconditioning({ sigmaData: c.sigma_data as number }),
          weights: json.net,
          draws,
          gradients: c.grad_of_mean_loss as Record<string, GoldenTensor>,
        },
        `ect ${i}`,
      );
      tf.dispose(Object.values(draws));
    });
  });

  it('agrees with both references on the training of a teacher', () => {
    const json = readGoldenJson<{
      readonly student: Mlp;
      readonly net: Mlp;
      readonly openai_training_losses: { readonly sigma_data: number; readonly cases: readonly LossCase[] };
      readonly edm_loss: { readonly cases: readonly LossCase[] };
    }>('losses/edm_teacher.json');
    const run = (
      c: LossCase,
      name: string,
      setting: Omit<Setting, 'draws' | 'gradients'>,
      sigma: number[],
      weight: number[],
    ) => {
      const draws = { sigma: tf.tensor1d(sigma), weight: tf.tensor1d(weight) };
      const gradients = (c.grad_of_mean_loss ?? c.grad_of_loss) as Record<string, GoldenTensor>;
      check(c, { ...setting, draws, gradients }, name);
      tf.dispose(Object.values(draws));
    };
    json.openai_training_losses.cases.forEach((c) => {
      const sigmaData = json.openai_training_losses.sigma_data;
      const sigma = values(c.sigmas);
      const name = c.weight_schedule as WeightingName;
      const lambda = {
        karras: (s: number) => s ** -2 + sigmaData ** -2,
        snr: (s: number) => s ** -2,
        'snr+1': (s: number) => s ** -2 + 1,
        'truncated-snr': (s: number) => Math.max(s ** -2, 1),
        uniform: () => 1,
      };
      const weight = sigma.map(lambda[name as keyof typeof lambda]);
      const preconditioning = edmPreconditioning({ sigmaData, cNoise: 'openai' });
      run(
        c,
        name,
        { objective: edmObjective({ weighting: name, sigmaData }), preconditioning, weights: json.student },
        sigma,
        weight,
      );
    });
    json.edm_loss.cases.forEach((c, i) => {
      const sigmaData = c.sigma_data as number;
      const sigma = values(c.sigma);
      const weight = sigma.map((s) => (s ** 2 + sigmaData ** 2) / (s * sigmaData) ** 2);
      const objective = edmObjective({ sigmaData, reduction: 'sum' });
      run(
        c,
        `edm ${i}`,
        { objective, preconditioning: edmPreconditioning({ sigmaData }), weights: json.net },
        sigma,
        weight,
      );
    });
  });
});
