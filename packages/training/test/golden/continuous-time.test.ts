import { goldenFolder, readGoldenJson } from '../../../../tools/workspace/golden';
import { beforeAll, describe, expect, it } from 'vitest';
import { gaussianMixture, preconditioned, trigflowPreconditioning } from '@onestep/core';
import { countLeaks, tf, useBackend } from '@onestep/tensor';
import { modelOf, scdObjective, sctObjective, type LogWeight } from '@onestep/training';
import { perImageGradients } from '../../src/internal/per-image-gradients';
import { goldenMlp, goldenTensor, type GoldenTensor } from '../tiny-network';

type Mlp = Parameters<typeof goldenMlp>[0];
interface ScmCase {
  readonly kind: 'ct' | 'cd';
  readonly sigma_data: number;
  readonly P_mean: number;
  readonly P_std: number;
  readonly warmup_r: number;
  readonly tangent_c: number;
  readonly tangent_normalisation: 'norm' | 'rms' | 'clip';
  readonly net: Mlp;
  readonly log_weight: { readonly a: number; readonly b: number };
  readonly tau: GoldenTensor;
  readonly x0: GoldenTensor;
  readonly z: GoldenTensor;
  readonly F: GoldenTensor;
  readonly tangent: GoldenTensor;
  readonly loss_per_sample: GoldenTensor;
  readonly grad_of_mean_loss: Readonly<Record<string, GoldenTensor>>;
}
interface ScmFile {
  readonly gmm: Readonly<Record<'weights' | 'means' | 'stds', GoldenTensor>>;
  readonly cases: readonly ScmCase[];
  readonly multistep_sampling: {
    readonly net: Mlp;
    readonly sigma_data: number;
    readonly cases: readonly {
      readonly t: readonly number[];
      readonly z: GoldenTensor;
      readonly x0_per_step: GoldenTensor;
    }[];
  };
}

/** The weight of the file: w = a t + b. */
const straight: LogWeight = {
  shapes: { a: [], b: [] },
  apply: ({ a, b }, t) => tf.add(tf.mul(t, a), b),
};

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, name: string): void {
  const peak = Math.max(...Array.from(expected, Math.abs));
  const gap = Math.max(...Array.from(expected, (value, i) => Math.abs(value - actual[i])));
  expect(gap / peak, name).toBeLessThan(tolerance);
}

describe.runIf(goldenFolder() !== undefined)('golden losses of continuous-time consistency models', () => {
  beforeAll(() => useBackend('cpu'));

  it('agree in output, tangent, loss and gradients, the learned weight included', async () => {
    const file = readGoldenJson<ScmFile>('losses/scm.json');
    const { data, shape } = file.gmm.means;
    const means = file.gmm.weights.data.map((_, k) => data.slice(k * shape[1], (k + 1) * shape[1]));
    const teacher = gaussianMixture({ weights: file.gmm.weights.data, means, stds: file.gmm.stds.data }).denoiser;
    const { leaked } = await countLeaks(() =>
      tf.tidy(() => {
        file.cases.forEach((c, i) => {
          const objective = (c.kind === 'cd' ? scdObjective : sctObjective)({
            tangentC: c.tangent_c,
            tangentNormalisation: c.tangent_normalisation,
            adaptiveWeighting: straight,
          });
          const { network, params, names } = goldenMlp(c.net);
          const model = modelOf(network, trigflowPreconditioning({ sigmaData: c.sigma_data }));
          const learned = { a: tf.scalar(c.log_weight.a), b: tf.scalar(c.log_weight.b) };
          const batch = {
            images: goldenTensor(c.x0),
            draws: {
              noise: goldenTensor(c.z),
              sigma: tf.tensor1d(c.tau.data.map((tau) => Math.exp(c.P_mean + c.P_std * tau))),
              tangentWarmup: tf.fill([c.x0.shape[0]], c.warmup_r),
            },
            condition: {},
          };
          const targets = objective.targets({ student: model(params, learned), teacher }, batch);
          const { perImage, grads } = perImageGradients(
            ({ a, b, ...own }) => objective.loss(model(own, { a, b }), batch, targets, { teacher }),
            { ...params, ...learned },
            c.x0.shape[0],
          );
          expectNear(targets.output.dataSync(), c.F.data, 1e-5, `${i} output`);
          expectNear(targets.tangent.dataSync(), c.tangent.data, 1e-5, `${i} tangent`);
          expectNear(perImage.dataSync(), c.loss_per_sample.data, 1e-5, `${i} loss`);
          for (const name of [...names, 'a', 'b']) {
            expectNear(grads[name].dataSync(), c.grad_of_mean_loss[name].data, 1e-4, `${i} gradient of ${name}`);
          }
        });
      }),
    );
    expect(leaked).toBe(0);
  });

  it('agree in multistep sampling through the consistency function over sigma', () => {
    const { net, sigma_data: sigmaData, cases } = readGoldenJson<ScmFile>('losses/scm.json').multistep_sampling;
    cases.forEach(({ t, z, x0_per_step: expected }, i) => {
      tf.tidy(() => {
        const { network, params } = goldenMlp(net);
        const f = preconditioned(network, trigflowPreconditioning({ sigmaData }))(params);
        const [, batch, d] = z.shape;
        let clean = tf.zeros([batch, d]);
        t.forEach((time, step) => {
          const from = step * batch * d;
          const noise = tf.tensor2d(z.data.slice(from, from + batch * d), [batch, d]);
          const sigma = sigmaData * Math.tan(time);
          // x_t = cos(t) x: at the first time TrigFlow starts from noise alone, without the factor sin(t).
          const x = step === 0 ? tf.mul(noise, sigmaData / Math.cos(time)) : tf.add(clean, tf.mul(noise, sigma));
          clean = f(x, tf.fill([batch], sigma));
          expectNear(clean.dataSync(), expected.data.slice(from, from + batch * d), 1e-4, `${i} step ${step}`);
        });
      });
    });
  });
});
