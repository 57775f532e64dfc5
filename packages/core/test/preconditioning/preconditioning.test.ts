import { countLeaks, OnestepError, tf, useBackend, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  consistencyPreconditioning,
  ctmPreconditioning,
  edmPreconditioning,
  iddpmPreconditioning,
  iddpmSigmas,
  meanflowPreconditioning,
  preconditioned,
  preconditioningFromConfig,
  rectifiedFlowPreconditioning,
  trigflowPreconditioning,
  vePreconditioning,
  vpPreconditioning,
  weighting,
  type Preconditioning,
} from '../../src';
import { between } from '../support/arbitrary';
import { expectClose, float32Tolerance } from '../support/close';

const all: readonly Preconditioning[] = [
  edmPreconditioning(),
  edmPreconditioning({ sigmaData: 0.7, cNoise: 'openai' }),
  consistencyPreconditioning(),
  consistencyPreconditioning({ sigmaMin: 0.003, cNoise: 'openai' }),
  vpPreconditioning(),
  vePreconditioning(),
  iddpmPreconditioning({ numTimesteps: 50 }),
  trigflowPreconditioning(),
  trigflowPreconditioning({ sigmaData: 0.9 }),
  rectifiedFlowPreconditioning({ timeScale: 10 }),
  ctmPreconditioning(),
  ctmPreconditioning({ sigmaData: 0.7, cNoise: 'openai' }),
  meanflowPreconditioning(),
  meanflowPreconditioning({ timeScale: 3 }),
];
const sigma = between(0.002, 80);
const coefficientNames = ['cSkip', 'cOut', 'cIn', 'cNoise'] as const;

beforeAll(async () => {
  await useBackend('wasm');
});

describe.each(all.map((preconditioning) => [preconditioning.name, preconditioning] as const))(
  '%s',
  (_, preconditioning) => {
    it('gives the same coefficients in doubles and on tensors, and frees the rest', async () => {
      const sigmas = [0.0021, 0.013, 0.3, 1, 7.5, 40, 79];
      const values = sigmas.map((level) => preconditioning.at(level));
      const { leaked } = await countLeaks(() => {
        const input = tf.tensor1d(sigmas);
        const tensors = preconditioning.tensors(input);
        for (const name of coefficientNames) {
          expectClose(
            tensors[name].dataSync(),
            values.map((value) => value[name]),
            float32Tolerance,
          );
        }
        // Two names may share one tensor.
        tf.dispose([input, ...Object.values(tensors)]);
      });
      expect(leaked).toBe(0);
    });

    it('can be differentiated with respect to sigma', () => {
      tf.tidy(() => {
        const total = (input: Tensor) => {
          const { cSkip, cOut, cIn, cNoise } = preconditioning.tensors(input as never);
          return tf.sum<Tensor>(tf.add(tf.add(cSkip, cOut), tf.add(cIn, cNoise)));
        };
        const gradient = tf
          .grad(total)(tf.tensor1d([0.5, 3]))
          .dataSync();
        [0.5, 3].forEach((level, i) => {
          const sum = (s: number) => coefficientNames.reduce((acc, name) => acc + preconditioning.at(s)[name], 0);
          const h = 1e-5;
          expect(gradient[i]).toBeCloseTo((sum(level + h) - sum(level - h)) / (2 * h), 2);
        });
      });
    });

    it('is rebuilt from its name and its config, after a trip through JSON', () => {
      const record = JSON.parse(JSON.stringify(preconditioning)) as { name: string };
      const rebuilt = preconditioningFromConfig(record);
      expect(rebuilt.config).toEqual(preconditioning.config);
      expect([rebuilt.sigmaMin, rebuilt.sigmaMax]).toEqual([preconditioning.sigmaMin, preconditioning.sigmaMax]);
      expect(rebuilt.at(1.5)).toEqual(preconditioning.at(1.5));
    });

    it('refuses a negative or undefined sigma', () => {
      expect(() => preconditioning.at(-1)).toThrow('sigma must be >= 0, got -1');
      expect(() => preconditioning.at(Number.NaN)).toThrow(RangeError);
    });
  },
);

describe('edmPreconditioning', () => {
  it('makes the loss weight times cOut^2 equal 1, and scales input variance to 1', () => {
    fc.assert(
      fc.property(sigma, between(0.1, 2), (level, sigmaData) => {
        const { cOut, cIn } = edmPreconditioning({ sigmaData }).at(level);
        expect(weighting('edm', { sigmaData })(level) * cOut ** 2).toBeCloseTo(1, 10);
        expect(cIn ** 2 * (level ** 2 + sigmaData ** 2)).toBeCloseTo(1, 10);
      }),
    );
  });

  it('is the identity at sigma 0', () => {
    expect(edmPreconditioning().at(0)).toMatchObject({ cSkip: 1, cOut: 0 });
  });
});

describe('the boundary condition', () => {
  const identityOfRank = [
    [3, 4],
    [3, 2, 2, 1],
  ];

  it('holds in doubles for every sigmaMin and sigmaData, also below sigmaMin', () => {
    fc.assert(
      fc.property(between(1e-4, 0.1), between(0.1, 2), between(0, 1), (sigmaMin, sigmaData, part) => {
        const { cSkip, cOut } = consistencyPreconditioning({ sigmaMin, sigmaData }).at(part * sigmaMin);
        expect([cSkip, cOut]).toEqual([1, 0]);
      }),
    );
  });

  it.each(identityOfRank)('equals x at sigmaMin for every network output, to the bit, in float32', (...shape) => {
    fc.assert(
      fc.property(
        between(1e-4, 0.1),
        between(0.1, 2),
        fc.array(between(-1e6, 1e6), { minLength: 12, maxLength: 12 }),
        (sigmaMin, sigmaData, output) => {
          tf.tidy(() => {
            const network = { apply: () => tf.tensor(output, shape) };
            const f = preconditioned(network, consistencyPreconditioning({ sigmaMin, sigmaData }))({});
            const x = tf.tensor(
              output.map((value, i) => Math.sin(i + value)),
              shape,
            );
            expect(f(x, tf.fill([3], sigmaMin)).dataSync()).toEqual(x.dataSync());
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('does not hide NaN', () => {
    tf.tidy(() => {
      const { cIn, cNoise } = consistencyPreconditioning().tensors(tf.tensor1d([Number.NaN]));
      expect([cIn.dataSync()[0], cNoise.dataSync()[0]]).toEqual([Number.NaN, Number.NaN]);
    });
  });
});

describe('preconditioned', () => {
  it('treats every image of a batch by itself, frees intermediates and hands the condition on', async () => {
    const { leaked } = await countLeaks(() => {
      const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
      const sigmas = tf.tensor1d([0.1, 1, 10]);
      let labels: Tensor | undefined;
      const network = {
        apply: (_: unknown, input: Tensor, conditioning: { cNoise: Tensor; labels?: Tensor | undefined }) => {
          labels = conditioning.labels;
          return tf.mul(tf.tanh(input), tf.reshape(conditioning.cNoise, [-1, 1]));
        },
      };
      const denoiser = preconditioned(network, edmPreconditioning())({});
      const condition = { labels: tf.zeros([3, 2]) as never };
      const batch = denoiser(x, sigmas, condition);
      expect(labels).toBe(condition.labels);
      const order = [2, 0, 1];
      const permuted = tf.tidy(() => denoiser(tf.gather(x, order), tf.gather(sigmas, order)).arraySync() as number[][]);
      const rows = batch.arraySync() as number[][];
      expect(permuted).toEqual(order.map((i) => rows[i]));
      tf.dispose([x, sigmas, batch, condition.labels]);
    });
    expect(leaked).toBe(0);
  });
});

describe('iddpmPreconditioning', () => {
  it('numbers the chain levels from the noisiest, M - 1, down', () => {
    const levels = iddpmSigmas({ numTimesteps: 50 });
    const { at } = iddpmPreconditioning({ numTimesteps: 50 });
    expect(levels.map((level) => at(level).cNoise)).toEqual(levels.map((_, j) => 49 - j));
  });
});

describe('preconditioningFromConfig', () => {
  const failure = (record: { name: string; config?: Record<string, unknown> }) => {
    try {
      preconditioningFromConfig(record);
    } catch (error) {
      return error as OnestepError;
    }
    return undefined;
  };

  it('lists the known names when a name is unknown', () => {
    const error = failure({ name: 'edn' });
    expect(error).toBeInstanceOf(OnestepError);
    expect(error?.code).toBe('invalid-model');
    expect(error?.message).toBe(
      'preconditioningFromConfig: unknown name "edn", expected one of edm, consistency, vp, ve, iddpm, trigflow, rectified-flow, ctm, meanflow.',
    );
    expect(failure({ name: 'toString' })?.code).toBe('invalid-model');
  });

  it('refuses unknown options, wrong types and values out of range', () => {
    expect(failure({ name: 'edm', config: { sigma: 1 } })?.message).toContain('unknown option "sigma" of "edm"');
    expect(failure({ name: 'edm', config: { sigmaData: '1' } })?.message).toContain(
      'sigmaData of "edm" must be a number, got "1"',
    );
    expect(failure({ name: 'edm', config: { cNoise: 'jax' } })?.message).toContain(
      'unknown cNoise "jax", expected one of edm, openai',
    );
    expect(failure({ name: 've', config: { sigmaMin: -1 } })?.message).toContain('sigmaMin must be > 0, got -1');
    expect(failure({ name: 'vp', config: { tMin: 2 } })?.cause).toBeInstanceOf(RangeError);
  });
});
