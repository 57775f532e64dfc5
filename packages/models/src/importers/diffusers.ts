import { resolveAdmUnetConfig, type AdmUnetOptions } from '../adm/config';
import { admParamSpecs } from '../adm/layer-params';
import { planAdmUnet, type AdmLayer, type AdmPlan, type AdmStage } from '../adm/plan';
import type { ParamSpec } from '../params/param-spec';
import { channelsFirstShape } from './layout';
import { readStrictly, type HostParams, type ParamSource } from './read-strictly';

const fixedNames: Readonly<Record<string, string>> = {
  'time_embed.0': 'time_embedding.linear_1',
  'time_embed.2': 'time_embedding.linear_2',
  label_emb: 'class_embedding',
  'input_blocks.0.0': 'conv_in',
  'out.0': 'conv_norm_out',
  'out.2': 'conv_out',
};

const partNames: Readonly<Record<AdmLayer['kind'], Readonly<Record<string, string>>>> = {
  conv: {},
  residual: {
    'in_layers.0': 'norm1',
    'in_layers.2': 'conv1',
    'emb_layers.1': 'time_emb_proj',
    'out_layers.0': 'norm2',
    'out_layers.3': 'conv2',
    skip_connection: 'conv_shortcut',
  },
  attention: { norm: 'group_norm', proj_out: 'to_out.0' },
  downsample: { op: 'conv' },
  upsample: { conv: 'conv' },
};

/**
 * Brings a state dict of diffusers' `UNet2DModel` (the ported consistency models) to our names and layout; the separate
 * `to_q`, `to_k`, `to_v` become one `qkv`.
 *
 * @param tensors - every tensor of the file, channels first
 * @param config - the same network as an ADM config
 * @returns host tensors by our names, as from {@link importOpenAiUnet}
 * @throws OnestepError `invalid-model` if a tensor is missing, unexpected or of another shape
 */
export function importDiffusersUnet(tensors: HostParams, config: AdmUnetOptions): HostParams {
  const plan = planAdmUnet(resolveAdmUnetConfig(config));
  const modules = new Map(Object.entries(fixedNames));
  for (const [ours, theirs] of moduleNames(plan)) modules.set(ours, theirs);
  return readStrictly(
    'importDiffusersUnet',
    tensors,
    admParamSpecs(plan).map((spec) => sourceOf(spec, modules)),
  );
}

function sourceOf(spec: ParamSpec, modules: ReadonlyMap<string, string>): ParamSource {
  const dot = spec.name.lastIndexOf('.');
  const module = spec.name.slice(0, dot);
  const kind = spec.name.slice(dot + 1);
  const shape = channelsFirstShape(spec);
  if (module.endsWith('.qkv')) {
    const block = modules.get(module.slice(0, -'.qkv'.length)) ?? '';
    const third = [shape[0] / 3, ...shape.slice(1)];
    return {
      spec,
      parts: ['to_q', 'to_k', 'to_v'].map((part) => ({ name: `${block}.${part}.${kind}`, shape: third })),
    };
  }
  return { spec, parts: [{ name: `${modules.get(module) ?? module}.${kind}`, shape }] };
}

/** Our module names with theirs: of every layer, and of every part of it. */
function moduleNames(plan: AdmPlan): [string, string][] {
  const lastLevel = plan.config.channelMultipliers.length - 1;
  const pairs: [string, string][] = [];
  const addStages = (stages: readonly AdmStage[], blockOf: (level: number) => string): void => {
    const counts = new Map<string, number>();
    for (const { level, layers } of stages) {
      for (const layer of layers) {
        if (layer.kind === 'conv') continue;
        const list = `${blockOf(level)}.${listOf(layer)}`;
        const index = counts.get(list) ?? 0;
        counts.set(list, index + 1);
        pairs.push([layer.name, `${list}.${index}`]);
        for (const [ours, theirs] of Object.entries(partNames[layer.kind])) {
          pairs.push([`${layer.name}.${ours}`, `${list}.${index}.${theirs}`]);
        }
      }
    }
  };
  addStages(plan.inputs, (level) => `down_blocks.${level}`);
  addStages([plan.middle], () => 'mid_block');
  addStages(plan.outputs, (level) => `up_blocks.${lastLevel - level}`);
  return pairs;
}

function listOf(layer: AdmLayer): string {
  if (layer.kind === 'attention') return 'attentions';
  const direction = layer.kind === 'residual' ? layer.resample : layer.kind;
  if (direction === 'none') return 'resnets';
  return direction.startsWith('down') ? 'downsamplers' : 'upsamplers';
}
