import { findSampler, samplers, type Sampler, type SamplerName } from '@onestep/sampling';

/** A sampler with the options it is measured with. */
export interface Setup {
  /** Name in the table: the sampler's, and what was changed from its defaults. */
  readonly name: string;
  readonly sampler: Sampler;
  readonly options: Readonly<Record<string, unknown>>;
  /** Order of convergence that is declared for these options. */
  readonly order: number;
  /** Whether noise is added on the way, so that an end does not follow from the start. */
  readonly noisy: boolean;
}

interface Variant {
  /** What is told apart; none for the defaults. */
  readonly label?: string | undefined;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Default: the sampler's. */
  readonly order?: number | undefined;
  /** Of samplers that add noise only when asked to. */
  readonly noisy?: boolean | undefined;
}

const ofOrder = (order: number, converges = order, label = ''): Variant => ({
  label: `${label}order ${order}`,
  options: { order },
  order: converges,
});
const deisOf = (variant: 'tab' | 'rhoab', order: number): Variant => ({
  ...ofOrder(order, order, `${variant}, `),
  options: { variant, order },
});
const exactThird: Variant = {
  label: 'order 3, exact curvature, not lowered',
  options: { order: 3, curvature: 'exact', lowerOrderFinal: false },
  order: 3,
};
const churned: Variant = { label: 'churn 10', options: { sChurn: 10, sMin: 0.05 }, noisy: true };

/** What is measured of samplers whose options make several methods of them; the others run with their defaults. */
const variants: Readonly<Partial<Record<SamplerName, readonly Variant[]>>> = {
  ddim: [{ label: 'eta 0' }, { label: 'eta 1', options: { eta: 1 }, noisy: true }],
  ddpm: [{ label: 'small variance' }, { label: 'large variance', options: { variance: 'large' } }],
  deis: [2, 3, 4].flatMap((order) => [deisOf('tab', order), deisOf('rhoab', order)]),
  'dpm-solver-2': [{ label: 'geometric' }, { label: 'karras midpoint', options: { midpoint: 'karras' } }],
  'dpm-solver-adaptive': [
    { label: 'order 3, loose', options: { relativeTolerance: 0.5, absoluteTolerance: 0.078 } },
    { label: 'order 3, defaults' },
    { label: 'order 3, strict', options: { relativeTolerance: 0.005, absoluteTolerance: 0.00078 } },
    ofOrder(2),
  ],
  'dpm-solver-fast': [{}, { label: 'eta 1', options: { eta: 1 }, noisy: true }],
  'dpm-solver-multistep': [ofOrder(2), ofOrder(3, 2), exactThird],
  'dpmpp-2m-sde': [
    { label: 'midpoint', options: { solverType: 'midpoint' } },
    { label: 'heun', options: { solverType: 'heun' } },
  ],
  'dpmpp-multistep': [ofOrder(2), ofOrder(3, 2), exactThird],
  'edm-ablation': [
    { label: 'linear' },
    { label: 'vp', options: { schedule: 'vp' } },
    { label: 've', options: { schedule: 've' } },
    { label: 'linear, midpoint', options: { alpha: 0.5 } },
  ],
  heun: [{}, churned],
  ipndm: [ofOrder(2), ofOrder(4, 2)],
  lms: [ofOrder(2), ofOrder(4)],
  'predictor-corrector': [{ label: '1 corrector step' }, { label: 'predictor alone', options: { correctorSteps: 0 } }],
  // The corrector adds one.
  unipc: [ofOrder(2, 3), ofOrder(3, 4)],
};

/**
 * Every registered sampler that a denoiser can be given to, in the variants worth comparing.
 *
 * @param names - only these of the registry
 * @throws RangeError for a name that is no sampler, or one of a sampler for another kind of model
 */
export function samplerSetups(names?: readonly string[]): readonly Setup[] {
  const all: readonly Sampler[] = names?.map(denoiserSampler) ?? Object.values(samplers);
  return all
    .filter(({ accepts }) => accepts === 'denoiser')
    .flatMap((sampler) =>
      (variants[sampler.name as SamplerName] ?? [{}]).map(({ label, options = {}, order, noisy = false }) => ({
        name: label === undefined ? sampler.name : `${sampler.name}, ${label}`,
        sampler,
        options,
        order: order ?? sampler.order,
        noisy: noisy || sampler.stochastic === 'always',
      })),
    );
}

function denoiserSampler(name: string): Sampler {
  const sampler = findSampler(name);
  if (sampler.accepts === 'denoiser') return sampler;
  throw new RangeError(`study: "${name}" evaluates a ${sampler.accepts} model, and the study gives it a denoiser.`);
}
