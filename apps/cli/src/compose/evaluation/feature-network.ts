import {
  inceptionInputRules,
  lenetNetwork,
  metricOutputs,
  type EvaluationMetric,
  type FeatureNetwork,
  type InceptionInputRule,
  type LenetDataset,
  type LenetModel,
} from '@onestep/metrics';
import { loadFeatureNetwork, loadLenet } from '@onestep/metrics/node';
import { disposeParams } from '@onestep/tensor';
import { UsageError } from '../../errors';

/** Networks that `--network` names. */
export const networkNames = ['lenet-mnist', 'lenet-fashion-mnist', 'inception-v3'] as const;
/** One of {@link networkNames}. */
export type NetworkName = (typeof networkNames)[number];

/** Input rules that `--input-rule` names. */
export const inputRuleNames: readonly InceptionInputRule[] = inceptionInputRules;

/** A network ready to run. */
export interface OpenNetwork {
  readonly network: FeatureNetwork;
  /** Its shipped model with reference statistics, for FD-LeNet. */
  readonly lenet?: LenetModel | undefined;
  /** Grey images go in as three equal channels. */
  readonly repeatGrey: boolean;
  dispose(): void;
}

/** What a person says of the network. */
export interface NetworkFlags {
  readonly network?: NetworkName;
  readonly weights?: string;
  readonly inputRule?: InceptionInputRule;
  readonly repeatGrey?: boolean;
}

/**
 * The network that suits images where none is named: FD-LeNet for small grey ones.
 *
 * @param shape - of an image
 * @param against - reference as it was named
 */
export function defaultNetwork([height, width, channels]: readonly number[], against: string | undefined): NetworkName {
  const small = height === width && (height === 28 || height === 32) && channels === 1;
  if (!small) return 'inception-v3';
  return against?.startsWith('fashion-mnist') === true ? 'lenet-fashion-mnist' : 'lenet-mnist';
}

/**
 * Loads a feature network.
 *
 * @throws UsageError if the flags do not fit the network or the images
 */
export async function openNetwork(
  name: NetworkName,
  { weights, inputRule, repeatGrey = false }: NetworkFlags,
  {
    shape,
    metrics,
    onProgress,
  }: {
    readonly shape: readonly number[];
    readonly metrics: readonly EvaluationMetric[];
    readonly onProgress?: ((file: string, bytes: number, total: number | undefined) => void) | undefined;
  },
): Promise<OpenNetwork> {
  const [height, width, channels] = shape;
  if (name !== 'inception-v3') {
    const dataset: LenetDataset = name === 'lenet-mnist' ? 'mnist' : 'fashion-mnist';
    if (weights !== undefined || inputRule !== undefined || repeatGrey) {
      throw new UsageError(
        `--network ${name} has its weights and its input: leave out --weights, --input-rule and --repeat-grey.`,
      );
    }
    if (channels !== 1 || height !== width || (height !== 28 && height !== 32)) {
      throw new UsageError(
        `--network ${name} sees grey images of 28 x 28 or 32 x 32, got ${width} x ${height} with ${channels} channels. Choose inception-v3.`,
      );
    }
    const lenet = await loadLenet(dataset);
    const network = lenetNetwork(lenet);
    return { network, lenet, repeatGrey: false, dispose: () => disposeParams(network.params) };
  }
  if (channels === 1 && !repeatGrey) {
    throw new UsageError(
      '--network inception-v3 sees colour, and the images are grey. Pass --repeat-grey to repeat their channel three times; the receipt says so.',
    );
  }
  if (channels === 3 && repeatGrey) throw new UsageError('--repeat-grey: the images are in colour. Leave it out.');
  const network = await loadFeatureNetwork('inception-v3-fid', {
    weights,
    input: inputRule,
    repeatGrey,
    outputs: metricOutputs(metrics),
    onProgress,
  });
  return { network, repeatGrey, dispose: () => disposeParams(network.params) };
}
