import {
  consistencyPreconditioning,
  edmPreconditioning,
  preconditioned,
  vePreconditioning,
  vpPreconditioning,
  type Condition,
} from '@onestep/core';
import {
  countLeaks,
  jvp,
  mapParams,
  tf,
  toTensor,
  useBackend,
  type HostTensor,
  type Params,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportEdmUnet, importEdmUnet, type HostParams, type PlannedNetwork } from '../../src';
import { fromChannelsFirst } from '../../src/importers/layout';
import { difference, imagesOf, magnitude, readGoldenNetwork } from './golden-case';

/** The references themselves are about 2e-6 from float64. */
const outputTolerance = 1e-4;
const gradientTolerance = 1e-3;
/** Relative to the largest gradient of the case, for gradients that vanish but for rounding. */
const roundingFloor = 2 ** -23;

const preconditionings = {
  edm_precond: edmPreconditioning(),
  ecm_precond_train: edmPreconditioning(),
  ecm_precond_eval: consistencyPreconditioning(),
  vp_precond: vpPreconditioning(),
  ve_precond: vePreconditioning(),
};

/**
 * Registers every check that the golden file of an EDM network allows.
 *
 * @param build - the network from the file's keyword arguments and weights
 */
export function describeEdmNetwork(
  name: string,
  build: (cfg: Record<string, unknown>, tensors: HostParams) => PlannedNetwork,
): void {
  describe(name, () => {
    let golden: ReturnType<typeof readGoldenNetwork>;
    let network: PlannedNetwork;
    beforeAll(async () => {
      await useBackend('wasm');
      golden = readGoldenNetwork(name);
      network = build(golden.json.cfg, golden.weights);
    });
    const loaded = (): Params => mapParams(importEdmUnet(golden.weights, network), toTensor);
    const optional = (tensor: HostTensor | undefined): Tensor2D | undefined =>
      tensor === undefined ? undefined : (toTensor(tensor) as Tensor2D);
    const condition = (): Condition => ({
      labels: optional(golden.cases.class_labels),
      augment: optional(golden.cases.augment_labels),
    });
    const cNoise = (): Tensor1D => toTensor(golden.cases.noise_labels) as Tensor1D;

    it('has as many parameters as the reference and gives its tensors back unchanged', () => {
      const { json, weights } = golden;
      // The file counts the fixed tensors too.
      const shapes = [...network.paramSpecs, ...Object.values(network.constants ?? {})].map(({ shape }) => shape);
      expect(shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(json.parameter_count);
      const back = exportEdmUnet(importEdmUnet(weights, network), network);
      expect(Object.keys(back)).toEqual(Object.keys(weights).sort());
      const changed = Object.entries(weights).filter(([key, { shape, data }]) => {
        return back[key].shape.join() !== shape.join() || difference(back[key].data, data).gap !== 0;
      });
      expect(changed.map(([key]) => key)).toEqual([]);
    });

    it('reproduces the output, with and without augmentation labels', async () => {
      const { cases } = golden;
      const { leaked } = await countLeaks(() => {
        tf.tidy(() => {
          const params = loaded();
          const given = { cNoise: cNoise(), ...condition() };
          const out = network.apply(params, imagesOf(cases.x), given);
          expect(difference(out.dataSync(), imagesOf(cases.out).dataSync()).relative).toBeLessThan(outputTolerance);
          if (!Object.hasOwn(cases, 'out_without_augment')) return;
          const plain = network.apply(params, imagesOf(cases.x), { ...given, augment: undefined });
          const expected = imagesOf(cases.out_without_augment).dataSync();
          expect(difference(plain.dataSync(), expected).relative).toBeLessThan(outputTolerance);
        });
      });
      expect(leaked).toBe(0);
    });

    it('reproduces the denoisers and consistency functions around it', () => {
      const { cases } = golden;
      let compared = 0;
      for (const [key, preconditioning] of Object.entries(preconditionings)) {
        if (!Object.hasOwn(cases, key)) continue;
        compared += 1;
        tf.tidy(() => {
          const denoiser = preconditioned(network, preconditioning)(loaded());
          const denoised = denoiser(imagesOf(cases.denoise_x), toTensor(cases.denoise_sigma) as Tensor1D, condition());
          const { relative } = difference(denoised.dataSync(), imagesOf(cases[key]).dataSync());
          expect(relative, key).toBeLessThan(outputTolerance);
        });
      }
      expect(compared).toBeGreaterThan(2);
    });

    it('reproduces the gradients, kept or recomputed', () => {
      const { cases } = golden;
      tf.tidy(() => {
        const params = loaded();
        const x = imagesOf(cases.x);
        const given = { cNoise: cNoise(), ...condition() };
        const proj = imagesOf(cases.proj);
        const listed = Object.keys(cases)
          .filter((key) => key.startsWith('grad.'))
          .map((key) => key.slice('grad.'.length));
        const largestOfCase = Math.max(...listed.map((key) => magnitude(cases[`grad.${key}`].data)));
        for (const recompute of [false, true]) {
          const { grads } = tf
            .engine()
            .gradients(
              () => tf.sum(tf.mul(network.apply(params, x, given, { recompute }), proj)),
              [x, ...listed.map((key) => params[key])],
            );
          const check = (key: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
            const { gap, largest } = difference(actual, expected);
            expect(gap, key).toBeLessThan(gradientTolerance * largest + roundingFloor * largestOfCase);
          };
          check('x', grads[0].dataSync(), imagesOf(cases.grad_x).dataSync());
          listed.forEach((key, i) => {
            const spec = network.paramSpecs.find((candidate) => candidate.name === key);
            if (spec === undefined) throw new Error(`no parameter "${key}"`);
            check(key, grads[i + 1].dataSync(), fromChannelsFirst(spec, cases[`grad.${key}`].data).data);
          });
        }
        expect(listed.length).toBeGreaterThan(5);
      });
    });

    it('reproduces the directional derivative along image and time', () => {
      const { cases } = golden;
      tf.tidy(() => {
        const params = loaded();
        const { tangent } = jvp(
          (x, c) => network.apply(params, x, { ...condition(), cNoise: c as Tensor1D }),
          [imagesOf(cases.x), cNoise()],
          [imagesOf(cases.jvp_vx), toTensor(cases.jvp_vc)],
        );
        const { relative } = difference(tangent.dataSync(), imagesOf(cases.jvp).dataSync());
        expect(relative).toBeLessThan(outputTolerance);
      });
    });
  });
}
