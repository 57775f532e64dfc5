import { requireOneOf, requirePositive } from '../internal/arguments';

const weightingNames = ['uniform', 'snr', 'snr+1', 'karras', 'truncated-snr', 'edm', 'inverse-gap'] as const;

/** Weightings that recipes and command lines name. */
export type WeightingName = (typeof weightingNames)[number];

/**
 * lambda(sigma), the factor on an image's distance in the loss, in double precision on the host.
 * Where an objective compares two levels, `sigma` is the larger and `sigmaNext` the smaller.
 */
export interface Weighting {
  readonly name: WeightingName;
  (sigma: number, sigmaNext?: number): number;
  /** One factor per image. */
  readonly batch: (sigmas: ArrayLike<number>, sigmasNext?: ArrayLike<number>) => Float64Array;
}

type Lambda = (sigma: number, sigmaNext: number, sigmaData: number) => number;

const lambdas: Readonly<Record<WeightingName, Lambda>> = {
  uniform: () => 1,
  snr: (sigma) => sigma ** -2,
  'snr+1': (sigma) => sigma ** -2 + 1,
  karras: (sigma, _, sigmaData) => sigma ** -2 + sigmaData ** -2,
  'truncated-snr': (sigma) => Math.max(sigma ** -2, 1),
  edm: (sigma, _, sigmaData) => (sigma ** 2 + sigmaData ** 2) / (sigma * sigmaData) ** 2,
  'inverse-gap': (sigma, sigmaNext) => 1 / (sigma - sigmaNext),
};

/**
 * Finds a weighting by name.
 *
 * `uniform`: 1. `snr`: sigma^-2. `snr+1`: sigma^-2 + 1. `karras`: sigma^-2 + sigmaData^-2. `truncated-snr`: max(sigma^-2, 1).
 * `edm`: (sigma^2 + sigmaData^2) / (sigma sigmaData)^2, the same number as `karras` in another form; also ECT on ImageNet.
 * `inverse-gap`: 1 / (sigma - sigmaNext), of iCT and of ECT on CIFAR-10.
 *
 * @param name - one of the above
 * @param options - `sigmaData` > 0, default 0.5
 * @returns the weighting; it throws {@link RangeError} unless sigma > 0, and `inverse-gap` unless sigmaNext is in [0, sigma)
 * @throws {@link RangeError} if the name is unknown (the message lists the known ones) or sigmaData <= 0
 * @see openai/consistency_models, get_weightings; Karras et al. 2022, Table 1; Song & Dhariwal 2023, section 3.1
 */
export function weighting(name: string, { sigmaData = 0.5 }: { readonly sigmaData?: number } = {}): Weighting {
  requireOneOf('weighting', 'weighting', name, weightingNames);
  requirePositive('weighting', 'sigmaData', sigmaData);
  const where = `weighting "${name}"`;
  const lambda = lambdas[name];
  const at = (sigma: number, sigmaNext = Number.NaN): number => {
    requirePositive(where, 'sigma', sigma);
    if (name === 'inverse-gap' && !(sigmaNext >= 0 && sigmaNext < sigma)) {
      throw new RangeError(`${where}: sigmaNext must be in [0, sigma = ${sigma}), got ${sigmaNext}.`);
    }
    return lambda(sigma, sigmaNext, sigmaData);
  };
  const batch = (sigmas: ArrayLike<number>, sigmasNext?: ArrayLike<number>): Float64Array => {
    if (sigmasNext !== undefined && sigmasNext.length !== sigmas.length) {
      throw new RangeError(
        `${where}: sigmasNext must be as long as sigmas, got ${sigmasNext.length} and ${sigmas.length}.`,
      );
    }
    return Float64Array.from(sigmas, (sigma, i) => at(sigma, sigmasNext?.[i]));
  };
  return Object.defineProperty(Object.assign(at, { batch }), 'name', { value: name }) as unknown as Weighting;
}
