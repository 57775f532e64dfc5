import { compile, ortNode } from '@onestep/compile';
import { networkFromConfig, networkNames, type NetworkDescription } from '@onestep/models';
import {
  hostTensor,
  jvp,
  mapParams,
  randomStream,
  tf,
  toTensor,
  useBackend,
  valueAndGrads,
  type Params,
  type Tensor,
  type Tensor1D,
} from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';

/** Relative to the largest entry of a result. */
const tolerance = 2e-5;

const unet = {
  shape: [8, 8, 2],
  modelChannels: 8,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionResolutions: [2],
  numClasses: 2,
  dropout: 0.5,
  secondTime: true,
  init: 'nonzero',
};

/** One small network of every architecture, with everything that it can take but augmentation. */
const configs: Readonly<Record<(typeof networkNames)[number], NetworkDescription['config']>> = {
  'adm-unet': { ...unet, numHeadChannels: 8, groupNormMinChannels: 4 },
  'dhariwal-unet': { ...unet, numHeadChannels: 8, groupNormMinChannels: 4 },
  'edm2-unet': { ...unet, numHeadChannels: 8 },
  mlp: { shape: [3], hiddenChannels: 16, numBlocks: 2, numClasses: 2, secondTime: true, init: 'nonzero' },
  'song-unet': unet,
};

const normal = (name: string, shape: readonly number[]): Tensor =>
  toTensor(hostTensor(randomStream(1, name).normal(shape.reduce((a, b) => a * b, 1)), shape));

describe.each(networkNames)('%s', (name) => {
  const network = networkFromConfig({ name, config: configs[name] });
  const draw = () => ({
    params: network.init((key) => randomStream(1, key)),
    x: normal('x', [2, ...network.shape]),
    times: { cNoise: normal('t', [2]) as Tensor1D, cNoise2: normal('s', [2]) as Tensor1D },
    labels: tf.tensor2d([1, 0, 0, 1], [2, 2]),
    dropout: mapParams(network.dropoutSites(2), (shape, site) => normal(site, shape)),
  });
  type Given = ReturnType<typeof draw>;

  beforeAll(async () => {
    await useBackend('wasm');
  });

  /** Runs `fn` eagerly and compiled, and holds the results against each other. */
  async function expectAgreement(fn: (given: Given) => Params): Promise<void> {
    const given = draw();
    const wanted = tf.tidy(() => fn(given));
    const compiled = await compile(fn, [given], { executor: await ortNode({ threads: 1 }) });
    const got = await compiled(given);
    await compiled.dispose();
    expect(Object.keys(got)).toEqual(Object.keys(wanted));
    // A gradient that vanishes but for rounding has no size of its own.
    const floor = 1e-6 * Math.max(...Object.values(wanted).map(largest));
    for (const [key, tensor] of Object.entries(wanted)) {
      const gap = tf.tidy(() => largest(tf.sub(got[key], tensor)));
      expect(gap, key).toBeLessThan(tolerance * largest(tensor) + floor);
    }
    tf.dispose([given, wanted, got] as never);
  }

  it('is compiled with its gradients, on weights as a training step has them', async () => {
    await expectAgreement(({ params, x, times, labels, dropout }) => {
      const weights = network.normalizeWeights?.(params) ?? params;
      const { value, grads } = valueAndGrads(
        (own) => tf.mean<tf.Scalar>(tf.square(network.apply(own, x, { ...times, labels, dropout }))),
        weights,
      );
      return { ...grads, ' value': value };
    });
  });

  it('is compiled with its derivative along image and time', async () => {
    await expectAgreement(({ params, x, times: { cNoise, cNoise2 }, labels }) => {
      const { value, tangent } = jvp(
        (y, time) => network.apply(params, y, { cNoise: time as Tensor1D, cNoise2, labels }),
        [x, cNoise],
        [tf.cos(x), tf.onesLike(cNoise)],
      );
      return { value, tangent };
    });
  });
});

function largest(tensor: Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tensor)).dataSync()[0]);
}
