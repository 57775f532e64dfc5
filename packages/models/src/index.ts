export { admUnet } from './adm/adm-unet';
export type { AdmUnetConfig, AdmUnetOptions } from './adm/config';
export { planAdmUnet, type AdmLayer, type AdmPlan, type AdmStage } from './adm/plan';
export { mlp, type MlpConfig, type MlpOptions } from './mlp/mlp';
export { estimateFlops, type PlannedNetwork } from './params/planned-network';
export type { ParamInit, ParamLayout, ParamSpec } from './params/param-spec';
export { exportOpenAiUnet, importOpenAiUnet } from './importers/openai';
export { fromOpenAiConfig } from './importers/openai-config';
export { importDiffusersUnet } from './importers/diffusers';
export type { HostParams } from './importers/read-strictly';
export { presetNames, presets, type NetworkRecord, type PresetName } from './presets/presets';
export {
  networkFromConfig,
  networkNames,
  networkPreset,
  type NetworkDescription,
} from './registry/network-from-config';
