import { fromOpenAiConfig, importDiffusersUnet, importOpenAiUnet, type AdmUnetOptions } from '@onestep/models';
import type { AnyCase } from '../case';
import type { Family, GoldenFile } from '../family';
import { admConfigOf } from './diffusers-config';
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
    if (cfg.has('img_resolution')) return [{ name: file.path, needs: `network ${file.content.text('model_type')}` }];
    return [{ name: file.path, problem: 'unknown kind of network' }];
  },
};

function openAiCases(file: GoldenFile): readonly AnyCase[] {
  return unetCases(file, {
    config: fromOpenAiConfig(file.content.json.cfg),
    weights: file.content.text('weights'),
    load: importOpenAiUnet,
    prefix: '',
    output: 'out',
  });
}

function diffusersCases(file: GoldenFile): readonly AnyCase[] {
  const config = admConfigOf(file.content.entry('cfg'));
  const own: readonly AnyCase[] =
    config === undefined
      ? [{ name: file.path, needs: 'network UNet2DModel with these blocks' }]
      : unetCases(file, {
          config,
          weights: file.content.text('weights'),
          load: importDiffusersUnet,
          prefix: '',
          output: 'out',
        });
  if (!file.content.has('openai_cfg')) return own;
  const twin: UnetSource = {
    config: fromOpenAiConfig(file.content.json.openai_cfg) satisfies AdmUnetOptions,
    weights: file.content.text('openai_weights'),
    load: importOpenAiUnet,
    prefix: 'openai/',
    output: 'out_openai',
  };
  return [...own, ...unetCases(file, twin).slice(0, 1)];
}
