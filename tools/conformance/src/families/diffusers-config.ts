import type { AdmUnetOptions } from '@onestep/models';
import type { Entry } from '../golden-json';

/**
 * The ADM config of a diffusers `UNet2DModel`.
 *
 * @returns undefined where the network is not of that kind: other block types, or levels that are not mirrored
 */
export function admConfigOf(cfg: Entry): AdmUnetOptions | undefined {
  const channels = cfg.numbers('block_out_channels');
  const down = cfg.json.down_block_types as readonly string[];
  const up = cfg.json.up_block_types as readonly string[];
  const attention = down.map((type) => type.startsWith('Attn'));
  const mirrored = up.every((type, i) => type.startsWith('Attn') === attention[up.length - 1 - i]);
  const resampling = [cfg.text('upsample_type'), cfg.text('downsample_type')].every((type) => type === 'resnet');
  const known = [...down, ...up].every((type) => /^(Resnet(Down|Up)sample|Attn(Down|Up))Block2D$/.test(type));
  const multipliers = channels.map((count) => count / channels[0]);
  if (!mirrored || !resampling || !known || !multipliers.every(Number.isInteger)) return undefined;
  const size = cfg.number('sample_size');
  return {
    shape: [size, size, cfg.number('in_channels')],
    outChannels: cfg.number('out_channels'),
    modelChannels: channels[0],
    channelMultipliers: multipliers,
    numResBlocks: cfg.number('layers_per_block'),
    attentionResolutions: attention.flatMap((has, level) => (has ? [2 ** level] : [])),
    numHeadChannels: cfg.number('attention_head_dim'),
    scaleShiftNorm: cfg.text('resnet_time_scale_shift') === 'scale_shift',
    resblockUpDown: true,
    groupNormGroups: cfg.numberOr('norm_num_groups', 32),
    numClasses: cfg.numberOr('num_class_embeds', 0),
  };
}
