export { admUnet } from './adm/adm-unet';
export type { AdmUnetConfig, AdmUnetOptions } from './adm/config';
export { planAdmUnet, type AdmLayer, type AdmPlan, type AdmStage } from './adm/plan';
export type { DhariwalUnetConfig, DhariwalUnetOptions } from './dhariwal/config';
export { dhariwalUnet } from './dhariwal/dhariwal-unet';
export { planDhariwalUnet, type DhariwalBlock, type DhariwalPlan } from './dhariwal/plan';
export type { Edm2UnetConfig, Edm2UnetOptions } from './edm2/config';
export { edm2Unet } from './edm2/edm2-unet';
export { planEdm2Unet, type Edm2Block, type Edm2Plan } from './edm2/plan';
export type { SongUnetConfig, SongUnetOptions } from './song/config';
export { planSongUnet, type SongBlock, type SongLayer, type SongPlan } from './song/plan';
export { songUnet } from './song/song-unet';
export { filterDown, filterUp, type ResampleFilter } from './layers/resample-filter';
export { upfirdn2d, type UpfirdnOptions, type UpfirdnPadding } from './layers/upfirdn2d';
export { mlp, type MlpConfig, type MlpOptions } from './mlp/mlp';
export { estimateFlops, type PlannedNetwork } from './params/planned-network';
export type { ParamInit, ParamLayout, ParamSpec } from './params/param-spec';
export { exportEdmUnet, importEdmUnet, type EdmNetwork } from './importers/edm';
export { exportEdm2Unet, importEdm2Unet } from './importers/edm2';
export { fromEdm2Config } from './importers/edm2-config';
export { fromEdmDhariwalConfig } from './importers/edm-dhariwal-config';
export { fromEdmSongConfig } from './importers/edm-song-config';
export { exportOpenAiUnet, importOpenAiUnet } from './importers/openai';
export { fromOpenAiConfig } from './importers/openai-config';
export { importDiffusersUnet } from './importers/diffusers';
export { fromDiffusersConfig } from './importers/diffusers-config';
export type { HostParams } from './importers/read-strictly';
export { presetNames, presets, type NetworkRecord, type PresetName } from './presets/presets';
export {
  networkFromConfig,
  networkNames,
  networkPreset,
  type NetworkDescription,
} from './registry/network-from-config';
export { withSecondTime } from './registry/with-second-time';
