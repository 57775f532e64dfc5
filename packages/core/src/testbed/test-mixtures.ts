import { randomStream } from '@onestep/tensor';
import { requireAtLeast } from '../internal/arguments';
import type { GaussianMixtureOptions } from './gaussian-mixture';

/**
 * Fixed mixtures by the name that recipes and commands use.
 *
 * - `mixture-2d`: eight equal, narrow Gaussians on a circle of radius 0.7, std 0.05; the whole has std 0.5 in each coordinate.
 * - `mixture-16d`: five Gaussians of unequal weight and width with nothing symmetric about them; std about 0.7.
 */
export const testMixtures = {
  'mixture-2d': {
    weights: new Array<number>(8).fill(1 / 8),
    means: Array.from({ length: 8 }, (_, k) => [0.7 * Math.cos((k * Math.PI) / 4), 0.7 * Math.sin((k * Math.PI) / 4)]),
    stds: new Array<number>(8).fill(0.05),
  },
  'mixture-16d': {
    weights: [0.2142, 0.2431, 0.203, 0.1985, 0.1412],
    means: [
      [
        -0.0838, -0.112, 0.8266, -0.0437, -0.5919, -0.3333, 0.3718, 0.0188, -0.5813, -0.0962, 1.4756, 0.3081, -0.6135,
        0.5639, 0.9526, -0.531,
      ],
      [
        -0.0466, 0.3907, 1.5097, -0.6433, -0.7367, 0.4649, -1.302, 0.9969, 0.4043, 0.0839, 0.9869, -0.0094, -0.6544,
        -0.2917, 1.209, 0.7615,
      ],
      [
        1.0609, -1.0913, -0.129, -0.9034, -0.4663, 0.0764, 0.4142, -0.1915, 0.791, -0.6111, 1.2567, -0.8244, 0.8779,
        -0.2232, -0.7457, 0.9704,
      ],
      [
        -0.5994, 1.071, 0.3279, 0.1087, 0.0777, 1.3375, -0.0855, -0.2221, 1.7684, 0.2782, -0.0275, 0.463, 0.5503,
        1.1144, -1.0079, 0.2605,
      ],
      [
        0.4954, 0.3748, 1.078, -0.2351, -0.9873, -0.5519, -1.8778, -0.8774, 0.1927, -0.4445, -0.8133, 0.0737, -0.5854,
        0.2859, 0.8226, -0.7896,
      ],
    ],
    stds: [0.3683, 0.3464, 0.2186, 0.2792, 0.2297],
  },
} as const satisfies Record<string, GaussianMixtureOptions>;

/** Name of one of {@link testMixtures}. */
export type TestMixtureName = keyof typeof testMixtures;

/** True for the names of {@link testMixtures}. */
export function isTestMixture(name: string): name is TestMixtureName {
  return Object.hasOwn(testMixtures, name);
}

/** Options of {@link drawMixture}. */
export interface DrawMixtureOptions {
  readonly seed: number;
  readonly first?: number | undefined;
  readonly count: number;
  readonly purpose?: string | undefined;
}

/**
 * Draws points from a mixture, without noise. Point i depends on (mixture, seed, purpose, i) alone.
 *
 * @param mixture - weights that sum to 1, means, stds
 * @param options - `seed` in [0, 2^53); `first` number and `count` of the points, integers >= 0; `purpose` of the streams,
 *   default `data.mixture`
 * @returns `count * d` numbers, one point after the other
 * @throws {@link RangeError} if the mixture is empty
 */
export function drawMixture(
  { weights, means, stds }: GaussianMixtureOptions,
  { seed, first = 0, count, purpose = 'data.mixture' }: DrawMixtureOptions,
): Float32Array {
  requireAtLeast('drawMixture', 'means.length', means.length, 1);
  const dimensions = means[0].length;
  const points = new Float32Array(count * dimensions);
  for (let i = 0; i < count; i += 1) {
    const stream = randomStream(seed, purpose, first + i);
    const k = pick(weights, stream.uniform(1)[0]);
    const normals = stream.normal(dimensions);
    means[k].forEach((mean, j) => (points[i * dimensions + j] = mean + stds[k] * normals[j]));
  }
  return points;
}

/** The component whose share of [0, 1) holds `u`. */
function pick(weights: readonly number[], u: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let reached = 0;
  for (let k = 0; k < weights.length - 1; k += 1) {
    reached += weights[k] / total;
    if (u < reached) return k;
  }
  return weights.length - 1;
}
