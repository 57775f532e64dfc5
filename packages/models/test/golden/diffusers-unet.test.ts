import { mapParams, tf, toTensor, useBackend, type Tensor1D } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { goldenFolder } from '../../../../tools/workspace/golden';
import { admUnet, fromOpenAiConfig, importDiffusersUnet, importOpenAiUnet } from '../../src';
import { difference, imagesOf, oneHot, readGoldenNetwork, readGoldenTensors } from './golden-case';

const outputTolerance = 1e-4;

describe.runIf(goldenFolder() !== undefined)('diffusers U-Net', () => {
  const name = 'diffusers_unet_port';
  let golden: ReturnType<typeof readGoldenNetwork>;
  let config: ReturnType<typeof fromOpenAiConfig>;
  let imported: ReturnType<typeof importDiffusersUnet>;

  beforeAll(async () => {
    await useBackend('wasm');
    golden = readGoldenNetwork(name);
    config = fromOpenAiConfig(golden.json.openai_cfg);
    imported = importDiffusersUnet(golden.weights, config);
  });

  it('has the same parameters under both names', () => {
    const expected = importOpenAiUnet(readGoldenTensors(`${name}.openai.weights`), config);
    expect(Object.keys(imported)).toEqual(Object.keys(expected));
    const changed = Object.keys(expected).filter((key) => difference(imported[key].data, expected[key].data).gap !== 0);
    expect(changed).toEqual([]);
  });

  it('reproduces the output', () => {
    const { json, cases } = golden;
    tf.tidy(() => {
      const out = admUnet(config).apply(mapParams(imported, toTensor), imagesOf(cases.x), {
        cNoise: toTensor(cases.timesteps) as Tensor1D,
        labels: oneHot(json.labels, config.numClasses),
      });
      expect(difference(out.dataSync(), imagesOf(cases.out).dataSync()).relative).toBeLessThan(outputTolerance);
    });
  });

  it('names a missing tensor as the file would', () => {
    const { 'mid_block.attentions.0.to_k.weight': missing, ...rest } = golden.weights;
    expect(missing.shape).toEqual([32, 32]);
    expect(() => importDiffusersUnet(rest, config)).toThrow('the file lacks: "mid_block.attentions.0.to_k.weight"');
  });
});
