import { nearestName } from '@onestep/tensor';
import type { FeatureNetwork } from '../features/feature-network';

/** Metrics that `evaluate` knows. */
export const evaluationMetrics = [
  'fd',
  'sfd',
  'fd-infinity',
  'kid',
  'precision-recall',
  'density-coverage',
  'is',
  'memorisation',
  'diversity',
] as const;

/** One of {@link evaluationMetrics}. */
export type EvaluationMetric = (typeof evaluationMetrics)[number];

/** What a metric needs of a set of images. */
export interface MetricNeeds {
  /** Output of the feature network. */
  readonly output: 'pool' | 'spatial' | 'logits';
  /** Sums over all images, or feature rows that are kept. */
  readonly keeps: 'moments' | 'rows';
  /** Whether there is something to compare with. */
  readonly reference: boolean;
}

const rows = { output: 'pool', keeps: 'rows', reference: true } as const;

/** Needs by metric. */
export const metricNeeds: Readonly<Record<EvaluationMetric, MetricNeeds>> = {
  fd: { output: 'pool', keeps: 'moments', reference: true },
  sfd: { output: 'spatial', keeps: 'moments', reference: true },
  // Of the real images the sums are enough.
  'fd-infinity': rows,
  kid: rows,
  'precision-recall': rows,
  'density-coverage': rows,
  is: { output: 'logits', keeps: 'rows', reference: false },
  memorisation: rows,
  diversity: { output: 'pool', keeps: 'rows', reference: false },
};

/** Outputs of the network that metrics need. */
export function metricOutputs(metrics: readonly EvaluationMetric[]): readonly MetricNeeds['output'][] {
  return [...new Set(metrics.map((metric) => metricNeeds[metric].output))];
}

/** True if the metric needs no more than the moments of the reference. */
export function isMomentMetric(metric: EvaluationMetric): boolean {
  return metricNeeds[metric].keeps === 'moments' || metric === 'fd-infinity';
}

/**
 * Checks names of metrics against a network.
 *
 * @throws {@link RangeError} for no metric, one that is unknown or named twice, or one whose features the network lacks
 */
export function checkMetrics(
  metrics: readonly EvaluationMetric[],
  { name, outputs }: Pick<FeatureNetwork, 'name' | 'outputs'>,
): void {
  if (metrics.length === 0) throw new RangeError('evaluate: metrics must name at least one metric.');
  metrics.forEach((metric, i) => {
    if (!evaluationMetrics.includes(metric)) {
      const near = nearestName(metric, evaluationMetrics);
      throw new RangeError(
        `evaluate: metrics has "${metric}", expected some of ${evaluationMetrics.join(', ')}.` +
          (near === undefined ? '' : ` Did you mean ${near}?`),
      );
    }
    if (metrics.indexOf(metric) !== i) throw new RangeError(`evaluate: metrics names "${metric}" twice.`);
    const { output } = metricNeeds[metric];
    if (!Object.hasOwn(outputs, output)) {
      throw new RangeError(
        `evaluate: "${metric}" needs the output ${output}, ${name} has ${Object.keys(outputs).join(', ')}.`,
      );
    }
  });
}

/**
 * Name of a Frechet, kernel or classifier score in a network's features: FID, KID and IS belong to the Inception network
 * of 2015 alone.
 */
export function scoreName(score: 'fd' | 'sfd' | 'fd-infinity' | 'kid' | 'is', network: string): string {
  if (network === 'inception-v3-fid') {
    return { fd: 'FID', sfd: 'sFID', 'fd-infinity': 'FID-infinity', kid: 'KID', is: 'IS' }[score];
  }
  const seen = network.startsWith('lenet-') ? 'LeNet' : network;
  const base = { fd: 'FD', sfd: 'sFD', 'fd-infinity': 'FD', kid: 'KD', is: 'IS' }[score];
  return `${base}-${seen}${score === 'fd-infinity' ? '-infinity' : ''}`;
}
