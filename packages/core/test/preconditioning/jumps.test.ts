import { countLeaks, tf, useBackend, type Tensor, type Tensor1D } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  consistencyFromJump,
  ctmPreconditioning,
  edmPreconditioning,
  gaussianFlow,
  meanflowPreconditioning,
  preconditioned,
  preconditionedJump,
  type JumpCoefficients,
  type Preconditioning,
} from '../../src';
import { between } from '../support/arbitrary';
import { expectClose, float32Tolerance } from '../support/close';

beforeAll(async () => {
  await useBackend('wasm');
});

const names = ['cSkip', 'cOut', 'cIn', 'cNoise', 'cNoise2'] as const;
const sigma = between(0.002, 80);
const part = between(0, 1);
const all: readonly Preconditioning[] = [
  ctmPreconditioning(),
  ctmPreconditioning({ sigmaData: 0.8, cNoise: 'openai' }),
  meanflowPreconditioning(),
  meanflowPreconditioning({ timeScale: 4 }),
];

function jumpOf({ jump }: Preconditioning): JumpCoefficients {
  if (jump === undefined) throw new Error('expected jump coefficients');
  return jump;
}

describe.each(all.map((preconditioning) => [preconditioning.name, preconditioning] as const))(
  'the jump of %s',
  (_, preconditioning) => {
    const jump = jumpOf(preconditioning);

    it('has the same coefficients in doubles and on tensors, and frees the rest', async () => {
      const from = [0.0021, 0.013, 0.3, 1, 7.5, 40, 79];
      const to = [0.0021, 0, 0.001, 0.9, 0.02, 39.9, 0.002];
      const { leaked } = await countLeaks(() => {
        const inputs = [tf.tensor1d(from), tf.tensor1d(to)] as const;
        const tensors = jump.tensors(...inputs);
        for (const name of names) {
          expectClose(
            tensors[name].dataSync(),
            from.map((level, i) => jump.at(level, to[i])[name]),
            float32Tolerance,
          );
        }
        // Two names may share one tensor.
        tf.dispose([...inputs, ...Object.values(tensors)]);
      });
      expect(leaked).toBe(0);
    });

    it('stays where it is at s = sigma, to the bit, for every network output', () => {
      fc.assert(
        fc.property(sigma, (level) => {
          const { cSkip, cOut } = jump.at(level, level);
          expect(cSkip).toBe(1);
          expect(Math.abs(cOut)).toBe(0);
        }),
      );
      tf.tidy(() => {
        const g = preconditionedJump({ apply: (_params, x) => tf.mul(tf.add(x, 1), 1e3) }, preconditioning)({});
        const x = tf.tensor2d([0.3, -5, 1e-3, 80, 0.7, -0.1], [3, 2]);
        const levels = tf.tensor1d([0.002, 0.7, 80]);
        expect(g(x, levels, levels).dataSync()).toEqual(x.dataSync());
      });
    });

    it('can be differentiated with respect to both levels', () => {
      const from = 2.5;
      const to = 0.6;
      const sum = (level: number, s: number) => names.reduce((total, name) => total + jump.at(level, s)[name], 0);
      const h = 1e-5;
      tf.tidy(() => {
        const total = (...[level, s]: Tensor[]) => {
          const tensors = jump.tensors(level as Tensor1D, s as Tensor1D);
          return tf.sum(names.map((name) => tensors[name]).reduce((a, b) => tf.add(a, b)));
        };
        const [first, second] = tf
          .grads(total)([tf.tensor1d([from]), tf.tensor1d([to])])
          .map((gradient) => gradient.dataSync()[0]);
        const expected = [
          (sum(from + h, to) - sum(from - h, to)) / (2 * h),
          (sum(from, to + h) - sum(from, to - h)) / (2 * h),
        ];
        expectClose([first, second], expected, 1e-4);
      });
    });

    it('refuses a negative or undefined level', () => {
      expect(() => jump.at(1, -1)).toThrow('s must be >= 0, got -1');
      expect(() => jump.at(-1, 0)).toThrow('sigma must be >= 0, got -1');
      expect(() => jump.at(1, Number.NaN)).toThrow(RangeError);
    });
  },
);

describe('ctmPreconditioning', () => {
  it('as a denoiser is the preconditioning of EDM, with both times at sigma', () => {
    fc.assert(
      fc.property(sigma, (level) => {
        const { cNoise2, ...rest } = ctmPreconditioning().at(level);
        expect(rest).toEqual(edmPreconditioning().at(level));
        expect(cNoise2).toBe(rest.cNoise);
      }),
    );
  });

  it('mixes x and the inner estimate by s / sigma, and at s = 0 is the inner estimate alone', () => {
    fc.assert(
      fc.property(sigma, part, between(-3, 3), between(-3, 3), (level, share, x, output) => {
        const jump = jumpOf(ctmPreconditioning());
        const inner = edmPreconditioning().at(level);
        const estimate = inner.cSkip * x + inner.cOut * output;
        const { cSkip, cOut } = jump.at(level, share * level);
        expect(cSkip * x + cOut * output).toBeCloseTo(share * x + (1 - share) * estimate, 9);
        const end = jump.at(level, 0);
        expect(end.cSkip * x + end.cOut * output).toBeCloseTo(estimate, 12);
      }),
    );
  });

  it('shows the network no level below sigmaMin', () => {
    const { jump } = ctmPreconditioning({ sigmaMin: 0.01 });
    expect(jump?.at(1, 0).cNoise2).toBe(Math.log(0.01) / 4);
    expect(jump?.at(1, 0.02).cNoise2).toBe(Math.log(0.02) / 4);
  });
});

describe('meanflowPreconditioning', () => {
  it('as a denoiser is the jump to 0 with the velocity at equal times', () => {
    fc.assert(
      fc.property(sigma, (level) => {
        const whole = meanflowPreconditioning();
        const { cSkip, cOut, cIn } = whole.at(level);
        const end = jumpOf(whole).at(level, 0);
        expectClose([end.cSkip, end.cOut, end.cIn], [cSkip, cOut, cIn], 1e-14);
      }),
    );
  });

  it('is z_r = z_tau - (tau - r) u in the coordinates of sigma', () => {
    fc.assert(
      fc.property(sigma, part, between(-3, 3), between(-3, 3), (level, share, x, velocity) => {
        const s = share * level;
        const [tau, r] = [level / (1 + level), s / (1 + s)];
        const { cSkip, cOut, cIn, cNoise, cNoise2 } = jumpOf(meanflowPreconditioning({ timeScale: 2 })).at(level, s);
        expect(cIn * x).toBeCloseTo((1 - tau) * x, 12);
        expect([cNoise, cNoise2]).toEqual([expect.closeTo(2 * tau, 12), expect.closeTo(2 * r, 12)]);
        expect(cSkip * x + cOut * velocity).toBeCloseTo(((1 - tau) * x - (tau - r) * velocity) / (1 - r), 9);
      }),
    );
  });

  it('composes: two jumps with exact average velocities are one, and that is the flow of the data', () => {
    const std = 0.6;
    const flow = gaussianFlow({ mean: [0], std });
    // z_tau of a centred Gaussian scales with its std, so the average velocity between two times is known.
    const spread = (tau: number) => Math.hypot((1 - tau) * std, tau);
    const jump = jumpOf(meanflowPreconditioning());
    const leap = (x: number, from: number, to: number) => {
      const [tau, r] = [from / (1 + from), to / (1 + to)];
      const { cSkip, cOut, cIn } = jump.at(from, to);
      const z = cIn * x;
      return cSkip * x + cOut * ((z * (1 - spread(r) / spread(tau))) / (tau - r));
    };
    fc.assert(
      fc.property(between(0.5, 80), between(0.1, 0.9), between(0.1, 0.9), between(-3, 3), (from, p, q, x) => {
        const middle = p * from;
        const end = q * middle;
        expect(leap(leap(x, from, middle), middle, end)).toBeCloseTo(leap(x, from, end), 8);
        expect(leap(x, from, end)).toBeCloseTo(flow(Float64Array.of(x), from, end)[0], 8);
      }),
    );
  });
});

describe('preconditionedJump', () => {
  it('hands both times and the condition to the network, and ends at the consistency function', () => {
    tf.tidy(() => {
      const seen: Record<string, number[]> = {};
      const network = {
        apply: (
          _: unknown,
          x: Tensor,
          times: { cNoise: Tensor1D; cNoise2?: Tensor1D | undefined; labels?: Tensor | undefined },
        ) => {
          seen.cNoise = [...times.cNoise.dataSync()];
          seen.cNoise2 = [...(times.cNoise2?.dataSync() ?? [])];
          seen.labels = [...(times.labels?.dataSync() ?? [])];
          return x;
        },
      };
      const jump = preconditionedJump(network, meanflowPreconditioning())({});
      const x = tf.tensor2d([1, 2], [2, 1]);
      const levels = tf.tensor1d([1, 3]);
      const f = consistencyFromJump(jump, 0)(x, levels, { labels: tf.tensor2d([1, 0], [2, 1]) });
      expect(seen).toEqual({ cNoise: [0.5, 0.75], cNoise2: [0, 0], labels: [1, 0] });
      expectClose(f.dataSync(), [0.25, 2 / 4 - (3 / 4) * (2 / 4)], float32Tolerance);
    });
  });

  it('is refused for a preconditioning without jumps, and a denoiser of one with jumps gets equal times', () => {
    expect(() => preconditionedJump({ apply: (_, x) => x }, edmPreconditioning())).toThrow(
      '"edm" describes no jumps, expected ctm or meanflow',
    );
    tf.tidy(() => {
      const network = {
        apply: (_: unknown, x: Tensor, { cNoise, cNoise2 }: { cNoise: Tensor1D; cNoise2?: Tensor1D | undefined }) => {
          expect(cNoise2?.dataSync()).toEqual(cNoise.dataSync());
          return x;
        },
      };
      preconditioned(network, ctmPreconditioning())({})(tf.ones([2, 1]), tf.tensor1d([1, 2]));
    });
  });
});
