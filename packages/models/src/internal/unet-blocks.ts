import { OnestepError } from '@onestep/tensor';

/** What every layer of a U-Net has. */
export interface UnetLayer {
  /** Prefix of the layer's parameters, the reference's own. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Sides of the output. */
  readonly height: number;
  readonly width: number;
}

/** A residual block with the attention behind it. */
export interface UnetBlock extends UnetLayer {
  /** Whether the block halves or doubles the grid, in its residual and its skip path alike. */
  readonly resample: 'none' | 'up' | 'down';
  /** Attention heads, 0 for no attention. */
  readonly heads: number;
  /** Whether an activation of the way down is joined to what enters it. */
  readonly takesSkip: boolean;
}

/** What decides the layout; see the keys of the same name in the networks' configs. */
export interface UnetLayout {
  readonly shape: readonly number[];
  readonly outChannels: number;
  readonly modelChannels: number;
  readonly channelMultipliers: readonly number[];
  readonly numResBlocks: number;
  readonly attentionResolutions: readonly number[];
  readonly numHeadChannels: number;
}

/** The layers of a U-Net in the order of the forward pass. */
export interface UnetLayers {
  /** The first convolution. */
  readonly stem: UnetLayer;
  readonly encoder: readonly UnetBlock[];
  readonly decoder: readonly UnetBlock[];
  /** The last convolution. */
  readonly head: UnetLayer;
}

/**
 * Lays out the U-Net that DhariwalUNet and the EDM2 network share: blocks that change the grid themselves, one more block
 * per level on the way up, attention at chosen levels and in the first block of the way up. Names of blocks say the grid,
 * height before width.
 *
 * @param where - what a message begins with
 * @throws OnestepError `invalid-model` where heads do not divide an attention block's channels
 */
export function layOutUnet(where: string, layout: UnetLayout): UnetLayers {
  const { channelMultipliers, modelChannels, numResBlocks, attentionResolutions, numHeadChannels } = layout;
  const [height, width, imageChannels] = layout.shape;
  const lastLevel = channelMultipliers.length - 1;
  const channelsOf = (level: number): number => channelMultipliers[level] * modelChannels;
  const gridOf = (level: number) => ({ height: height / 2 ** level, width: width / 2 ** level });
  const prefixOf = (half: 'enc' | 'dec', level: number): string => {
    const grid = gridOf(level);
    return `${half}.${grid.height}x${grid.width}`;
  };
  const block = (
    base: Pick<UnetLayer, 'name' | 'inChannels' | 'outChannels'>,
    level: number,
    { attention = false, resample = 'none', takesSkip = false }: Partial<UnetBlock> & { attention?: boolean },
  ): UnetBlock => ({
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
  const encoder: UnetBlock[] = [];
  const decoder: UnetBlock[] = [];
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

  const head = { name: 'out_conv', inChannels: channels, outChannels: layout.outChannels, ...gridOf(0) };
  checkHeads(where, [...encoder, ...decoder]);
  return { stem, encoder, decoder, head };
}

function checkHeads(where: string, blocks: readonly UnetBlock[]): void {
  const problems = blocks
    .filter(({ heads, outChannels }) => heads > 0 && outChannels % heads !== 0)
    .map(({ name, heads, outChannels }) => `"${name}": ${outChannels} channels cannot be split into ${heads} heads.`);
  if (problems.length > 0) {
    const hint = 'Change modelChannels or numHeadChannels.';
    throw new OnestepError('invalid-model', `${where}: ${problems.join(' ')} ${hint}`, { details: { problems } });
  }
}
