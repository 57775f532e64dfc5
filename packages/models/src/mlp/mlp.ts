import { tf, type Params, type Tensor } from '@onestep/tensor';
import type { Conditioning } from '@onestep/core';
import { checkConditioning } from '../internal/check-conditioning';
import {
  choiceField,
  integerField,
  integersField,
  numberField,
  resolveConfig,
  withOutChannels,
  type Fields,
} from '../internal/config-fields';
import { dropout } from '../layers/dropout';
import { linear, linearParams } from '../layers/linear';
import { silu } from '../layers/silu';
import { noiseEmbedding, noiseEmbeddingParams } from '../layers/timestep-embedding';
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
  /** `reference`: last layers start at zero; `nonzero`: nothing does. */
  readonly init: 'reference' | 'nonzero';
}

/**
 * What {@link mlp} takes: only shape is required. Defaults: outChannels d, hiddenChannels 64, numBlocks 3,
 * embeddingChannels 32, dropout 0, numClasses 0, init `reference`.
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
  init: choiceField(['reference', 'nonzero'], 'reference'),
};

/**
 * A residual MLP for points `[B, d]`: h = W x; per block h + B silu(A silu(h) + E e); last W silu(h), with e the same
 * embedding of noise level and label as the U-Net's. For experiments in few dimensions, where exact answers exist.
 *
 * @param options - see {@link MlpConfig}
 * @throws OnestepError `invalid-model` listing every problem of the config
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
    paramSpecs: specs,
    paramShapes: shapesOf(specs),
    multiplyAddsPerImage: weightMultiplyAdds(specs),
    init: (rng) => initParams(specs, rng),
    apply(params, x, conditioning) {
      checkInputs(config, x, conditioning);
      return tf.tidy(() => forward(config, params, x, conditioning));
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
  const { shape, outChannels, hiddenChannels: hidden, embeddingChannels, numClasses } = config;
  const zero = config.init === 'reference';
  return [
    ...noiseEmbeddingParams({ sinusoids: embeddingChannels, width: hidden, numClasses }),
    ...linearParams('input', { inChannels: shape[0], outChannels: hidden }),
    ...blockNames(config).flatMap((name) => [
      ...linearParams(`${name}.in`, { inChannels: hidden, outChannels: hidden }),
      ...linearParams(`${name}.emb`, { inChannels: hidden, outChannels: hidden }),
      ...linearParams(`${name}.out`, { inChannels: hidden, outChannels: hidden, zero }),
    ]),
    ...linearParams('output', { inChannels: hidden, outChannels, zero }),
  ];
}

function forward(config: MlpConfig, params: Params, x: Tensor, conditioning: Conditioning): Tensor {
  const embedding = noiseEmbedding(params, conditioning, config.embeddingChannels);
  const block = (h: Tensor, name: string): Tensor => {
    const inner = tf.add(linear(params, `${name}.in`, silu(h)), linear(params, `${name}.emb`, embedding));
    const kept = dropout(silu(inner), conditioning.dropout, `${name}.dropout`);
    return tf.add(h, linear(params, `${name}.out`, kept));
  };
  return linear(params, 'output', silu(blockNames(config).reduce(block, linear(params, 'input', x))));
}

function checkInputs(config: MlpConfig, x: Tensor, conditioning: Conditioning): void {
  const [width] = config.shape;
  if (x.rank !== 2 || x.shape[1] !== width) {
    throw new RangeError(`mlp.apply: x must be [B, ${width}], got [${x.shape.join(', ')}].`);
  }
  checkConditioning('mlp', config.numClasses, conditioning);
}
