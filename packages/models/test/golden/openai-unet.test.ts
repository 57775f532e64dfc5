import { consistencyPreconditioning, edmPreconditioning, preconditioned } from '@onestep/core';
import {
  mapParams,
  tf,
  toTensor,
  useBackend,
  type Params,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { goldenFolder } from '../../../../tools/workspace/golden';
import { admUnet, exportOpenAiUnet, fromOpenAiConfig, importOpenAiUnet } from '../../src';
import { fromChannelsFirst } from '../../src/importers/layout';
import { difference, imagesOf, magnitude, oneHot, readGoldenNetwork } from './golden-case';

/** The references themselves are about 2e-6 from float64. */
const outputTolerance = 1e-4;
const gradientTolerance = 1e-3;
/**
 * Relative to the largest gradient of the case. With one channel per group the norm takes out whatever the embedding
 * adds: that gradient is exactly 0 here and 1.6e-6 of rounding in the reference, beside others of up to 60.
 */
const roundingFloor = 2 ** -23;

/** The `cpu` backend is slow, so one case is enough there; all of them run on `wasm`. */
const runs = [
  { backend: 'cpu', name: 'openai_unet_noresample_heads_up', isDenoiser: false },
  { backend: 'wasm', name: 'openai_unet_noresample_heads_up', isDenoiser: false },
  { backend: 'wasm', name: 'openai_unet_attn', isDenoiser: true },
  { backend: 'wasm', name: 'openai_unet_class_ssn_updown', isDenoiser: true },
] as const;

describe.runIf(goldenFolder() !== undefined)('OpenAI U-Nets', () => {
  describe.each(runs)('$name on $backend', ({ backend, name, isDenoiser }) => {
    let golden: ReturnType<typeof readGoldenNetwork>;
    let network: ReturnType<typeof admUnet>;

    beforeAll(async () => {
      await useBackend(backend);
      golden = readGoldenNetwork(name);
      network = admUnet(fromOpenAiConfig(golden.json.cfg));
    });

    const labels = (): Tensor2D | undefined => oneHot(golden.json.labels, network.numClasses);
    const loaded = (): Params => mapParams(importOpenAiUnet(golden.weights, network.config), toTensor);

    it('has as many parameters as the reference and gives its tensors back unchanged', () => {
      const { json, weights } = golden;
      const { config } = network;
      const sizes = network.paramSpecs.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(json.parameter_count);
      const back = exportOpenAiUnet(importOpenAiUnet(weights, config), config);
      expect(Object.keys(back)).toEqual(Object.keys(weights).sort());
      // Array comparison by the runner would print a million numbers on failure.
      const changed = Object.entries(weights).filter(([key, { shape, data }]) => {
        return back[key].shape.join() !== shape.join() || difference(back[key].data, data).relative !== 0;
      });
      expect(changed.map(([key]) => key)).toEqual([]);
    });

    it('reproduces the output', () => {
      const { cases } = golden;
      tf.tidy(() => {
        const out = network.apply(loaded(), imagesOf(cases.x), {
          cNoise: toTensor(cases.timesteps) as Tensor1D,
          labels: labels(),
        });
        const expected = imagesOf(cases.out);
        const { relative } = difference(out.dataSync(), expected.dataSync());
        expect(out.shape).toEqual(expected.shape);
        expect(relative).toBeLessThan(outputTolerance);
      });
    });

    const itDenoises = isDenoiser ? it : () => undefined;
    itDenoises('reproduces the denoiser and the consistency function around it', () => {
      const { cases } = golden;
      tf.tidy(() => {
        const params = loaded();
        const preconditionings = {
          denoise_plain: edmPreconditioning({ sigmaData: 0.5, cNoise: 'openai' }),
          denoise_distillation: consistencyPreconditioning({ sigmaData: 0.5, sigmaMin: 0.002, cNoise: 'openai' }),
        };
        for (const [key, preconditioning] of Object.entries(preconditionings)) {
          const denoiser = preconditioned(network, preconditioning)(params);
          const sigma = toTensor(cases.denoise_sigma) as Tensor1D;
          const denoised = denoiser(imagesOf(cases.denoise_x), sigma, { labels: labels() });
          const { relative } = difference(denoised.dataSync(), imagesOf(cases[key]).dataSync());
          expect(relative, key).toBeLessThan(outputTolerance);
        }
      });
    });

    it('reproduces the gradients with respect to the image and the listed parameters', () => {
      const { cases } = golden;
      tf.tidy(() => {
        const params = loaded();
        const x = imagesOf(cases.x);
        const conditioning = { cNoise: toTensor(cases.timesteps) as Tensor1D, labels: labels() };
        const proj = imagesOf(cases.proj);
        const listed = Object.keys(cases)
          .filter((key) => key.startsWith('grad.'))
          .map((key) => key.slice('grad.'.length));
        const largestOfCase = Math.max(...listed.map((key) => magnitude(cases[`grad.${key}`].data)));
        const { grads } = tf
          .engine()
          .gradients(
            () => tf.sum(tf.mul(network.apply(params, x, conditioning), proj)),
            [x, ...listed.map((key) => params[key])],
          );
        const check = (key: string, actual: Tensor, expected: ArrayLike<number>): void => {
          const { gap, largest } = difference(actual.dataSync(), expected);
          expect(gap, key).toBeLessThan(gradientTolerance * largest + roundingFloor * largestOfCase);
        };
        check('x', grads[0], imagesOf(cases.grad_x).dataSync());
        listed.forEach((key, i) => {
          const spec = network.paramSpecs.find((candidate) => candidate.name === key);
          if (spec === undefined) throw new Error(`no parameter "${key}"`);
          check(key, grads[i + 1], fromChannelsFirst(spec, cases[`grad.${key}`].data).data);
        });
        expect(listed.length).toBeGreaterThan(5);
      });
    });
  });
});
