import { tf, type Params, type Tensor } from '@onestep/tensor';
import type { ApplyOptions, Conditioning } from '@onestep/core';
import { checkConditioning } from '../internal/check-conditioning';
import {
  booleanField,
  choiceField,
  integerField,
  integersField,
  numberField,
  positiveField,
  resolveConfig,
  withOutChannels,
  type Fields,
} from '../internal/config-fields';
import { dropout } from '../layers/dropout';
import { linear, linearParams } from '../layers/linear';
import {
  noiseEmbedding,
  noiseEmbeddingParams,
  projectEmbedding,
  projectionParams,
  type NoiseEmbedding,
} from '../layers/noise-embedding';
import { runConditionedBlock } from '../layers/run-block';
import { silu } from '../layers/silu';
import { initParams, shapesOf, type ParamSpec } from '../params/param-spec';
import { weightMultiplyAdds, type PlannedNetwork } from '../params/planned-network';

/** Everything that decides an MLP; what model files store. */
export interface MlpConfig {
  /** Points, `[d]`. */
  readonly shape: readonly number[];
  /** Output width; d by default. */
  readonly outChannels: number;
  /** Width of the hidden vectors. */
  readonly hiddenChannels: number;
  /** Residual blocks, two linear layers each. */
  readonly numBlocks: number;
  /** Sinusoids of the noise embedding; even. */
  readonly embeddingChannels: number;
  /** Dropout rate inside the blocks, [0, 1). */
  readonly dropout: number;
  /** Number of classes, 0 for an unconditional network. */
  readonly numClasses: number;
  /** Whether a second time (cNoise2) is an input, with an embedding of its own and a projection in every block. */
  readonly secondTime: boolean;
  /**
   * Multiplies every time before its sinusoids, whose fastest is cos(time): a time that runs over a few units only
   * is learned faster at 4 to 8.
   */
  readonly embeddingScale: number;
  /** `reference`: last layers start at zero; `nonzero`: nothing does. */
  readonly init: 'reference' | 'nonzero';
}

/**
 * What {@link mlp} takes: only shape is required. Defaults: outChannels d, hiddenChannels 64, numBlocks 3,
 * embeddingChannels 32, dropout 0, numClasses 0, secondTime false, embeddingScale 1, init `reference`.
 */
export type MlpOptions = Partial<MlpConfig> & Pick<MlpConfig, 'shape'>;

const fields: Fields<MlpConfig> = {
  shape: integersField(1, 1),
  outChannels: integerField(1),
  hiddenChannels: integerField(1, 64),
  numBlocks: integerField(1, 3),
  embeddingChannels: integerField(2, 32),
  dropout: numberField(0, 1, 0),
  numClasses: integerField(0, 0),
  secondTime: booleanField(false),
  embeddingScale: positiveField(1),
  init: choiceField(['reference', 'nonzero'], 'reference'),
};

/**
 * A residual MLP for points `[B, d]`: h = W x; per block h + B silu(A silu(h) + E e); last W silu(h), with e the same
 * embedding of noise level and label as the U-Net's. For experiments in few dimensions, where exact answers exist.
 *
 * @param options - see {@link MlpConfig}
 * @throws OnestepError `invalid-model` listing every problem of the config; in `apply`, as {@link admUnet}
 */
export function mlp(options: MlpOptions): PlannedNetwork<MlpConfig> {
  const config = resolveConfig('mlp', withOutChannels(options), fields, ({ embeddingChannels }) => [
    embeddingChannels % 2 === 0 ? undefined : `embeddingChannels must be even, got ${embeddingChannels}.`,
  ]);
  const specs = mlpParamSpecs(config);
  return {
    name: 'mlp',
    config,
    shape: config.shape,
    numClasses: config.numClasses,
    secondTime: config.secondTime,
    outputWeight: 'output.weight',
    paramSpecs: specs,
    paramShapes: shapesOf(specs),
    multiplyAddsPerImage: weightMultiplyAdds(specs),
    init: (rng) => initParams(specs, rng),
    apply(params, x, conditioning, options = {}) {
      checkInputs(config, x, conditioning);
      return tf.tidy(() => forward(config, params, x, { conditioning, options }));
    },
    dropoutSites: (batch) =>
      config.dropout === 0
        ? {}
        : Object.fromEntries(blockNames(config).map((name) => [`${name}.dropout`, [batch, config.hiddenChannels]])),
  };
}

function blockNames({ numBlocks }: MlpConfig): string[] {
  return Array.from({ length: numBlocks }, (_, i) => `blocks.${i}`);
}

function mlpParamSpecs(config: MlpConfig): ParamSpec[] {
  const { shape, outChannels, hiddenChannels: hidden, embeddingChannels, numClasses, secondTime } = config;
  const zero = config.init === 'reference';
  return [
    ...noiseEmbeddingParams({ sinusoids: embeddingChannels, width: hidden, numClasses, secondTime }),
    ...linearParams('input', { inChannels: shape[0], outChannels: hidden }),
    ...blockNames(config).flatMap((name) => [
      ...linearParams(`${name}.in`, { inChannels: hidden, outChannels: hidden }),
      ...projectionParams(projectionNames(name), { inChannels: hidden, outChannels: hidden, secondTime }),
      ...linearParams(`${name}.out`, { inChannels: hidden, outChannels: hidden, zero }),
    ]),
    ...linearParams('output', { inChannels: hidden, outChannels, zero }),
  ];
}

/** Names of a block's projections of the first and of the second time. */
function projectionNames(blockName: string): readonly [string, string] {
  return [`${blockName}.emb`, `${blockName}.emb_s`];
}

function forward(
  config: MlpConfig,
  params: Params,
  x: Tensor,
  { conditioning, options }: { readonly conditioning: Conditioning; readonly options: ApplyOptions },
): Tensor {
  const embedding = noiseEmbedding(params, conditioning, {
    sinusoids: config.embeddingChannels,
    scale: config.embeddingScale,
  });
  const block = (name: string, own: Params, h: Tensor, given: NoiseEmbedding): Tensor => {
    const inner = tf.add(linear(own, `${name}.in`, silu(h)), projectEmbedding(own, projectionNames(name), given));
    const kept = dropout(silu(inner), conditioning.dropout, `${name}.dropout`);
    return tf.add(h, linear(own, `${name}.out`, kept));
  };
  const last = blockNames(config).reduce<Tensor>(
    (h, name) =>
      runConditionedBlock((own, y, given) => block(name, own, y, given), {
        params,
        name,
        options,
        embedding,
        inputs: [h],
      }),
    linear(params, 'input', x),
  );
  return linear(params, 'output', silu(last));
}

function checkInputs(config: MlpConfig, x: Tensor, conditioning: Conditioning): void {
  const [width] = config.shape;
  if (x.rank !== 2 || x.shape[1] !== width) {
    throw new RangeError(`mlp.apply: x must be [B, ${width}], got [${x.shape.join(', ')}].`);
  }
  checkConditioning('mlp', config, conditioning);
}
