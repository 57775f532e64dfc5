import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { admUnet, fromDiffusersConfig, fromOpenAiConfig } from '../../src';

/** The config of diffusers' port of a consistency model, as its file has it. */
const port = {
  _class_name: 'UNet2DModel',
  _diffusers_version: '0.22.3',
  sample_size: 16,
  in_channels: 3,
  out_channels: 3,
  layers_per_block: 1,
  num_class_embeds: 10,
  block_out_channels: [32, 64],
  attention_head_dim: 16,
  down_block_types: ['ResnetDownsampleBlock2D', 'AttnDownBlock2D'],
  up_block_types: ['AttnUpBlock2D', 'ResnetUpsampleBlock2D'],
  resnet_time_scale_shift: 'scale_shift',
  upsample_type: 'resnet',
  downsample_type: 'resnet',
  attn_norm_num_groups: 32,
};

const failure = (config: unknown, size?: readonly [number, number]): OnestepError => {
  try {
    fromDiffusersConfig(config, size);
  } catch (error) {
    if (error instanceof OnestepError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('fromDiffusersConfig', () => {
  it('gives the config that the names of consistency_models give', () => {
    const twin = fromOpenAiConfig({
      ...{ image_size: 16, in_channels: 3, out_channels: 3, model_channels: 32, channel_mult: [1, 2] },
      ...{ num_res_blocks: 1, attention_resolutions: [2], num_classes: 10, num_head_channels: 16 },
      ...{ use_scale_shift_norm: true, resblock_updown: true },
    });
    expect(fromDiffusersConfig(port)).toEqual(twin);
  });

  it('fills in the defaults of diffusers: convolutions between levels, heads of 8 channels', () => {
    const config = fromDiffusersConfig({ sample_size: [32, 64] });
    expect(config).toMatchObject({ shape: [32, 64, 3], modelChannels: 224, channelMultipliers: [1, 2, 3, 4] });
    expect(config).toMatchObject({ attentionResolutions: [2, 4, 8], numHeadChannels: 8, numResBlocks: 2 });
    expect(config).toMatchObject({ resblockUpDown: false, convResample: true, scaleShiftNorm: false });
  });

  it('takes widths that are no multiples of the first, one head for all channels, and another epsilon', () => {
    const given = { ...port, block_out_channels: [64, 96], attention_head_dim: null, norm_eps: 1e-6 };
    const config = fromDiffusersConfig(given);
    expect(config).toMatchObject({ channelMultipliers: [1, 1.5], groupNormEpsilon: 1e-6, numHeads: 1 });
    expect(admUnet(config).paramShapes['middle_block.1.qkv.weight']).toEqual([96, 288]);
  });

  it('lets the lowest level have a block of either kind, for it joins nothing', () => {
    const down_block_types = ['ResnetDownsampleBlock2D', 'DownBlock2D'];
    const up_block_types = ['ResnetUpsampleBlock2D', 'UpBlock2D'];
    expect(fromDiffusersConfig({ ...port, down_block_types, up_block_types })).toMatchObject({
      resblockUpDown: true,
      attentionResolutions: [],
    });
  });

  it('asks for the size where the file has none', () => {
    expect(failure({ ...port, sample_size: null }).message).toContain('sample_size is null. Pass the image size.');
    expect(fromDiffusersConfig({ ...port, sample_size: null }, [8, 12]).shape).toEqual([8, 12, 3]);
  });

  it.each([
    [{ time_embedding_type: 'fourier' }, 'time_embedding_type fourier'],
    [{ freq_shift: 1, flip_sin_to_cos: false }, 'freq_shift or flip_sin_to_cos'],
    [{ center_input_sample: true }, 'center_input_sample'],
    [{ act_fn: 'relu' }, 'act_fn relu'],
    [{ add_attention: false }, 'add_attention false'],
    [{ attn_norm_num_groups: null }, 'attn_norm_num_groups null'],
    [{ attn_norm_num_groups: 8 }, 'attn_norm_num_groups 8'],
    [{ attention_head_dim: 24 }, 'attention_head_dim 24 that divides not every width'],
    [{ class_embed_type: 'timestep' }, 'class_embed_type timestep'],
    [{ mid_block_scale_factor: 2 }, 'mid_block_scale_factor 2'],
    [{ mid_block_type: 'UnCLIPUNetMidBlock2D' }, 'mid_block_type UnCLIPUNetMidBlock2D'],
    [{ up_block_types: ['ResnetUpsampleBlock2D', 'AttnUpBlock2D'] }, 'attention on one way only'],
    [{ up_block_types: ['AttnUpBlock2D', 'SkipUpBlock2D'] }, 'blocks SkipUpBlock2D'],
    [{ upsample_type: 'conv' }, 'levels joined by convolutions and by residual blocks'],
  ])('refuses %j, which is another network', (change, reason) => {
    const { code, details } = failure({ ...port, ...change });
    expect(code).toBe('unsupported');
    expect(details.reasons).toEqual([reason]);
  });

  it.each([
    [{ layer_per_block: 2 }, 'unknown key "layer_per_block". Did you mean "layers_per_block"?'],
    [{ block_out_channels: [32] }, 'down_block_types has 2 names for 1 block_out_channels.'],
    [{ norm_eps: 0 }, 'norm_eps must be a number > 0, got 0.'],
  ])('refuses %j as wrong', (change, problem) => {
    const { code, message } = failure({ ...port, ...change });
    expect(code).toBe('invalid-model');
    expect(message).toContain(problem);
  });
});
