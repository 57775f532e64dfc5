import {
  jvp,
  mapParams,
  readSafetensors,
  tf,
  toTensor,
  type HostTensor,
  type Params,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { edm2Unet, exportEdm2Unet, fromEdm2Config, importEdm2Unet, type HostParams } from '../../src';
import { channelsFirstShape, fromChannelsFirst } from '../../src/importers/layout';
import { difference, imagesOf, magnitude, oneHot } from '../golden/golden-case';
import { describeOnWasm, itKeepsNoTensors } from '../support/on-backends';
import { formulaTensor } from '../support/formula';

/** Relative to 1 + the largest value; the fixtures are computed in double precision. */
const outputTolerance = 1e-5;
/** Relative to the largest entry of a gradient, with a floor for those that nearly vanish. */
const gradientTolerance = 1e-4;
const roundingFloor = 2 ** -22;

interface Case {
  readonly cfg: Record<string, unknown>;
  readonly parameters: number;
  readonly sites?: readonly string[];
}

const folder = new URL('../fixtures/edm2/', import.meta.url);
const cases = JSON.parse(readFileSync(new URL('edm2.json', folder), 'utf8')) as Record<
  'conditional' | 'unconditional' | 'dropping',
  Case
>;
const stored = readSafetensors(new Uint8Array(readFileSync(new URL('edm2.safetensors', folder)))).tensors;

/** Everything that the reference computed in one case, by name. */
function resultsOf(name: keyof typeof cases): HostParams {
  const own = Object.entries(stored).filter(([key]) => key.startsWith(`${name}.`));
  return Object.fromEntries(own.map(([key, tensor]) => [key.slice(name.length + 1), tensor]));
}

/** The reference's state dict, channels first: the formula of the fixtures. */
function stateDict(cfg: Record<string, unknown>): HostParams {
  // Shapes do not depend on the features, which the file has to bring.
  const draft = edm2Unet(fromEdm2Config(cfg));
  const shapes = [
    ...draft.paramSpecs.map((spec) => [spec.name, channelsFirstShape(spec)] as const),
    ...Object.entries(draft.constants ?? {}).map(([name, { shape }]) => [name, [...shape]] as const),
  ];
  return Object.fromEntries(
    shapes.map(([name, shape]) => [
      `unet.${name}`,
      formulaTensor(name, shape, (value) =>
        name.endsWith('gain') ? 0.5 + 0.25 * value : name.includes('fourier') ? 3 * value : 1.5 * value,
      ),
    ]),
  );
}

function load(name: keyof typeof cases) {
  const { cfg } = cases[name];
  const file = stateDict(cfg);
  const network = edm2Unet(fromEdm2Config(cfg, file));
  const [side, , channels] = network.shape;
  const image = (key: string, scale = 1): HostTensor =>
    formulaTensor(key, [2, channels, side, side], (value) => Math.fround(scale * value));
  return {
    network,
    file,
    results: resultsOf(name),
    params: (): Params => mapParams(importEdm2Unet(file, network), toTensor),
    image: (key: string, scale?: number) => imagesOf(image(key, scale)),
    row: (key: string) => toTensor(formulaTensor(key, [2])) as Tensor1D,
    labels: (): Tensor2D | undefined => oneHot(network.numClasses > 0 ? [1, 2] : null, network.numClasses),
  };
}

const withoutKey = (entries: HostParams, prefix: string): [string, HostTensor][] =>
  Object.entries(entries)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, tensor]) => [key.slice(prefix.length), tensor]);

describe.each(['conditional', 'unconditional'] as const)('the EDM2 network of the reference, %s', (name) => {
  const { network, file, results, params, image, row, labels } = load(name);
  const x = () => image('x', Math.sqrt(3));
  const conditioning = () => ({ cNoise: row('noise_labels'), labels: labels() });

  it('has as many parameters, and gives its tensors back unchanged', () => {
    const sizes = network.paramSpecs.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(cases[name].parameters);
    const back = exportEdm2Unet(importEdm2Unet(file, network), network);
    const bare = Object.fromEntries(Object.entries(file).map(([key, tensor]) => [key.slice('unet.'.length), tensor]));
    expect(Object.keys(back)).toEqual(Object.keys(bare).sort());
    for (const [key, { data }] of Object.entries(back)) expect(data, key).toEqual(bare[key].data);
  });

  describeOnWasm('apply', () => {
    itKeepsNoTensors('reproduces the output', () => {
      tf.tidy(() => {
        const out = network.apply(params(), x(), conditioning());
        expect(difference(out.dataSync(), imagesOf(results.out).dataSync()).relative).toBeLessThan(outputTolerance);
        if (network.numClasses === 0) return;
        const plain = network.apply(params(), x(), { cNoise: row('noise_labels') });
        const expected = imagesOf(results.out_without_labels).dataSync();
        expect(difference(plain.dataSync(), expected).relative).toBeLessThan(outputTolerance);
        expect(difference(plain.dataSync(), out.dataSync()).relative).toBeGreaterThan(1e-2);
      });
    });

    itKeepsNoTensors('reproduces the gradients, kept or recomputed', () => {
      tf.tidy(() => {
        const weights = params();
        const [image0, cNoise] = [x(), row('noise_labels')];
        const listed = withoutKey(results, 'grad.');
        const proj = image('proj');
        const floor = roundingFloor * Math.max(...listed.map(([, { data }]) => magnitude(data)));
        for (const recompute of [false, true]) {
          const { grads } = tf
            .engine()
            .gradients(
              () => tf.sum(tf.mul(network.apply(weights, image0, { ...conditioning(), cNoise }, { recompute }), proj)),
              [image0, cNoise, ...listed.map(([key]) => weights[key])],
            );
          const check = (key: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
            const { gap, largest } = difference(actual, expected);
            expect(gap, key).toBeLessThan(gradientTolerance * largest + floor);
          };
          check('x', grads[0].dataSync(), imagesOf(results.grad_x).dataSync());
          check('cNoise', grads[1].dataSync(), results.grad_noise_labels.data);
          listed.forEach(([key, { data }], i) => {
            const spec = network.paramSpecs.find((candidate) => candidate.name === key);
            if (spec === undefined) throw new Error(`no parameter "${key}"`);
            check(key, grads[i + 2].dataSync(), fromChannelsFirst(spec, data).data);
          });
        }
        expect(listed.length).toBeGreaterThan(5);
      });
    });

    itKeepsNoTensors('reproduces the directional derivative along image and time', () => {
      tf.tidy(() => {
        const weights = params();
        const { tangent } = jvp(
          (y, time) => network.apply(weights, y, { ...conditioning(), cNoise: time as Tensor1D }),
          [x(), row('noise_labels')],
          [image('jvp_vx'), row('jvp_vc')],
        );
        const { relative } = difference(tangent.dataSync(), imagesOf(results.jvp).dataSync());
        expect(relative).toBeLessThan(outputTolerance);
      });
    });
  });
});

describeOnWasm('the limit of activations', () => {
  itKeepsNoTensors('is reached in the unconditional case', () => {
    tf.tidy(() => {
      const { network, params, image, row } = load('unconditional');
      const free = edm2Unet({ ...network.config, activationLimit: 0 });
      const [limited, unlimited] = [network, free].map((either) =>
        either.apply(params(), image('x', Math.sqrt(3)), { cNoise: row('noise_labels') }).dataSync(),
      );
      expect(difference(limited, unlimited).relative).toBeGreaterThan(1e-2);
    });
  });
});

describeOnWasm('a training pass of the reference, with dropout on small grids', () => {
  const { network, results, params, image, row, labels } = load('dropping');

  itKeepsNoTensors('is normalizeWeights and a pass with the same masks at the same sites', () => {
    tf.tidy(() => {
      const sites = Object.entries(network.dropoutSites(2));
      expect(sites.map(([site]) => site)).toEqual((cases.dropping.sites ?? []).map((site) => `${site}.dropout`));
      const masks = sites.map(([site, [batch, height, width, channels]]) => {
        const kept = formulaTensor(site, [batch, channels, height, width], (value) => (value > 0 ? 2 : 0));
        return [site, imagesOf(kept)] as const;
      });
      const weights = network.normalizeWeights?.(params()) ?? {};
      for (const [key, { data }] of withoutKey(results, 'forced.')) {
        const spec = network.paramSpecs.find((candidate) => candidate.name === key);
        if (spec === undefined) throw new Error(`no parameter "${key}"`);
        const { relative } = difference(weights[key].dataSync(), fromChannelsFirst(spec, data).data);
        expect(relative, key).toBeLessThan(1e-6);
      }
      const given = { cNoise: row('noise_labels'), labels: labels(), dropout: Object.fromEntries(masks) };
      const out = network.apply(weights, image('x', Math.sqrt(3)), given);
      expect(difference(out.dataSync(), imagesOf(results.out).dataSync()).relative).toBeLessThan(outputTolerance);
    });
  });
});
