import { consistencyPreconditioning, edmPreconditioning, type Condition } from '@onestep/core';
import {
  admUnet,
  fromDiffusersConfig,
  fromOpenAiConfig,
  importDiffusersUnet,
  importOpenAiUnet,
  type AdmUnetOptions,
} from '@onestep/models';
import { oneHotLabels } from '@onestep/sampling';
import { OnestepError, toTensor, type Tensor2D } from '@onestep/tensor';
import type { AnyCase } from '../case';
import type { Family, GoldenFile } from '../family';
import { edmCases } from './edm-networks';
import { unetCases, type UnetSource } from './unet-cases';

/** Networks with their weights, outputs and gradients (`networks/NAME.json`). */
export const networks: Family = {
  name: 'networks',
  recognises: (content) =>
    content.has('cfg') && typeof content.json.weights === 'string' && typeof content.json.cases === 'string',
  cases(file) {
    // Accounted for whatever the network is.
    for (const key of ['weights', 'cases', 'openai_weights']) {
      if (file.content.has(key)) file.hasCompanion(file.content.text(key));
    }
    const cfg = file.content.entry('cfg');
    if (cfg.has('image_size')) return openAiCases(file);
    if (cfg.has('block_out_channels')) return diffusersCases(file);
    if (cfg.has('img_resolution')) return edmCases(file);
    return [{ name: file.path, problem: 'unknown kind of network' }];
  },
};

/** Preconditionings around the networks of consistency_models. */
const openAiDenoisers: UnetSource['denoisers'] = {
  denoise_plain: () => edmPreconditioning({ cNoise: 'openai' }),
  denoise_distillation: () => consistencyPreconditioning({ cNoise: 'openai' }),
};

function openAiCases(file: GoldenFile): readonly AnyCase[] {
  const config = fromOpenAiConfig(file.content.json.cfg);
  return unetCases(file, {
    network: admUnet(config),
    weights: file.content.text('weights'),
    load: (tensors) => importOpenAiUnet(tensors, config),
    prefix: '',
    outputs: { out: () => classesOf(file, config) },
    cNoise: 'timesteps',
    denoisers: openAiDenoisers,
  });
}

function diffusersCases(file: GoldenFile): readonly AnyCase[] {
  const own = diffusersNetwork(file);
  if (!file.content.has('openai_cfg')) return own;
  const twin = fromOpenAiConfig(file.content.json.openai_cfg);
  const twins = unetCases(file, {
    network: admUnet(twin),
    weights: file.content.text('openai_weights'),
    load: (tensors) => importOpenAiUnet(tensors, twin),
    prefix: 'openai/',
    outputs: { out_openai: () => classesOf(file, twin) },
    cNoise: 'timesteps',
    denoisers: {},
  });
  return [...own, ...twins.slice(0, 1)];
}

function diffusersNetwork(file: GoldenFile): readonly AnyCase[] {
  const [, , height, width] = file.companion(file.content.text('cases')).x.shape;
  let config: AdmUnetOptions;
  try {
    config = fromDiffusersConfig(file.content.json.cfg, [height, width]);
  } catch (error) {
    if (!(error instanceof OnestepError) || error.code !== 'unsupported') throw error;
    const reasons = error.details.reasons as readonly string[];
    return [{ name: file.path, needs: `network UNet2DModel with ${reasons.join(', ')}` }];
  }
  return unetCases(file, {
    network: admUnet(config),
    weights: file.content.text('weights'),
    load: (tensors) => importDiffusersUnet(tensors, config),
    prefix: '',
    outputs: { out: () => classesOf(file, config) },
    cNoise: 'timesteps',
    denoisers: openAiDenoisers,
  });
}

/** Class labels as the file has them, one-hot; the caller disposes them. */
function classesOf(file: GoldenFile, { numClasses = 0 }: AdmUnetOptions): Condition {
  if (numClasses === 0 || !file.content.has('labels')) return {};
  return { labels: toTensor(oneHotLabels(file.content.numbers('labels'), numClasses)) as Tensor2D };
}
