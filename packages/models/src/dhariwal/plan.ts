import { OnestepError } from '@onestep/tensor';
import type { DhariwalUnetConfig } from './config';

interface LayerBase {
  /** Prefix of the layer's parameters, the reference's own. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Sides of the output. */
  readonly height: number;
  readonly width: number;
}

/** A residual block with the attention behind it. */
export interface DhariwalBlock extends LayerBase {
  /** Whether the grid is halved or doubled, inside the first convolution and in the skip path alike. */
  readonly resample: 'none' | 'up' | 'down';
  /** Attention heads, 0 for no attention. */
  readonly heads: number;
  /** Whether an activation of the way down is joined to what enters it. */
  readonly takesSkip: boolean;
}

/** The whole network as data: parameters, their start, the forward pass and its cost derive from it. */
export interface DhariwalPlan {
  readonly config: DhariwalUnetConfig;
  /** Width of the embedding that every block projects. */
  readonly embeddingChannels: number;
  /** The first convolution. */
  readonly stem: LayerBase;
  readonly encoder: readonly DhariwalBlock[];
  readonly decoder: readonly DhariwalBlock[];
  /** The last convolution, after norm and SiLU. */
  readonly head: LayerBase;
}

/**
 * Lays out the network of a config. Names of blocks say the grid, height before width.
 *
 * @throws OnestepError `invalid-model` where heads do not divide an attention block's channels
 */
export function planDhariwalUnet(config: DhariwalUnetConfig): DhariwalPlan {
  const { channelMultipliers, modelChannels, numResBlocks, attentionResolutions, numHeadChannels } = config;
  const [height, width, imageChannels] = config.shape;
  const lastLevel = channelMultipliers.length - 1;
  const channelsOf = (level: number): number => channelMultipliers[level] * modelChannels;
  const gridOf = (level: number) => ({ height: height / 2 ** level, width: width / 2 ** level });
  const prefixOf = (half: 'enc' | 'dec', level: number): string => {
    const grid = gridOf(level);
    return `${half}.${grid.height}x${grid.width}`;
  };
  const block = (
    base: Pick<LayerBase, 'name' | 'inChannels' | 'outChannels'>,
    level: number,
    { attention = false, resample = 'none', takesSkip = false }: Partial<DhariwalBlock> & { attention?: boolean },
  ): DhariwalBlock => ({
    ...base,
    ...gridOf(level),
    resample,
    takesSkip,
    heads: attention ? Math.floor(base.outChannels / numHeadChannels) : 0,
  });

  const stem = {
    name: `${prefixOf('enc', 0)}_conv`,
    inChannels: imageChannels,
    outChannels: channelsOf(0),
    ...gridOf(0),
  };
  let channels = stem.outChannels;
  const skips = [channels];
  const encoder: DhariwalBlock[] = [];
  const decoder: DhariwalBlock[] = [];
  const isAttended = (level: number): boolean => attentionResolutions.includes(2 ** level);

  for (let level = 0; level <= lastLevel; level += 1) {
    const prefix = prefixOf('enc', level);
    if (level > 0) {
      const base = { name: `${prefix}_down`, inChannels: channels, outChannels: channels };
      encoder.push(block(base, level, { resample: 'down' }));
      skips.push(channels);
    }
    for (let i = 0; i < numResBlocks; i += 1) {
      const base = { name: `${prefix}_block${i}`, inChannels: channels, outChannels: channelsOf(level) };
      encoder.push(block(base, level, { attention: isAttended(level) }));
      channels = base.outChannels;
      skips.push(channels);
    }
  }

  for (let level = lastLevel; level >= 0; level -= 1) {
    const prefix = prefixOf('dec', level);
    const same = (part: string) => ({ name: `${prefix}_${part}`, inChannels: channels, outChannels: channels });
    if (level === lastLevel) {
      decoder.push(block(same('in0'), level, { attention: true }), block(same('in1'), level, {}));
    } else {
      decoder.push(block(same('up'), level, { resample: 'up' }));
    }
    for (let i = 0; i <= numResBlocks; i += 1) {
      const inChannels = channels + (skips.pop() ?? 0);
      const base = { name: `${prefix}_block${i}`, inChannels, outChannels: channelsOf(level) };
      decoder.push(block(base, level, { attention: isAttended(level), takesSkip: true }));
      channels = base.outChannels;
    }
  }

  const head = { name: 'out_conv', inChannels: channels, outChannels: config.outChannels, ...gridOf(0) };
  const plan = { config, embeddingChannels: config.embeddingMultiplier * modelChannels, stem, encoder, decoder, head };
  checkHeads(plan);
  return plan;
}

/** All blocks in the order of the forward pass. */
export function dhariwalBlocks({ encoder, decoder }: DhariwalPlan): readonly DhariwalBlock[] {
  return [...encoder, ...decoder];
}

function checkHeads(plan: DhariwalPlan): void {
  const problems = dhariwalBlocks(plan)
    .filter(({ heads, outChannels }) => heads > 0 && outChannels % heads !== 0)
    .map(({ name, heads, outChannels }) => `"${name}": ${outChannels} channels cannot be split into ${heads} heads.`);
  if (problems.length > 0) {
    const hint = 'Change modelChannels or numHeadChannels.';
    throw new OnestepError('invalid-model', `dhariwalUnet: ${problems.join(' ')} ${hint}`, { details: { problems } });
  }
}
