import { countLeaks, hostTensor, randomStream, tf, useBackend, type HostTensor, type Tensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  collectFeatures,
  decodeFeatures,
  encodeFeatures,
  evaluate,
  evaluationMetrics,
  FeatureRows,
  FeatureSet,
  frechetDistance,
  scoreFeatures,
  type EvaluationMetric,
  type FeatureNetwork,
} from '../../src/index';

const side = 4;
const pixels = side * side;

/** Two means of halves and the whole as features: fast, and known in closed form. */
const network: FeatureNetwork = {
  name: 'halves',
  sha256: 'ab'.repeat(32),
  channels: 1,
  preprocessing: 'x / 255',
  outputs: { pool: 4, logits: 4 },
  params: {},
  evaluate: (_, images) =>
    tf.tidy(() => {
      const quarters = tf.reshape(tf.div(images, 255), [images.shape[0] ?? 0, 4, pixels / 4]);
      const pool = tf.mean<Tensor>(quarters, 2);
      return { pool, logits: tf.mul(pool, 4) };
    }),
};

function images(count: number, seed = 1, shift = 0): HostTensor {
  const data = randomStream(seed, 'test.images').normal(count * pixels);
  for (let i = 0; i < data.length; i += 1) data[i] = 0.3 * data[i] + shift;
  return hostTensor(data, [count, side, side, 1]);
}

function part({ data, shape }: HostTensor, from: number, to: number): HostTensor {
  return hostTensor((data as Float32Array).slice(from * pixels, to * pixels), [to - from, ...shape.slice(1)]);
}

const metrics: readonly EvaluationMetric[] = evaluationMetrics.filter((metric) => metric !== 'sfd');
const few = { subsets: 3, subsetSize: 20, resamples: 10 };

beforeAll(() => useBackend('cpu'));

describe('evaluate', () => {
  it('gives a receipt for each value in one pass, and leaks nothing', async () => {
    const { result, leaked } = await countLeaks(() =>
      evaluate(images(60), { id: 'real', images: images(80, 2) }, { network, metrics, batchSize: 16, ...few }),
    );
    expect(leaked).toBe(0);
    expect(result.map(({ metric }) => metric)).toEqual([
      'FD-halves',
      'FD-halves-infinity',
      'KD-halves',
      'precision',
      'recall',
      'density',
      'coverage',
      'IS-halves',
      'memorisation',
      'diversity',
    ]);
    for (const receipt of result) {
      expect(Number.isFinite(receipt.value)).toBe(true);
      expect(receipt.flags.join()).toContain('under 2,000 samples');
      expect(receipt.featureNetwork).toEqual({ name: 'halves', sha256: network.sha256 });
    }
    expect(result[0].reference).toMatchObject({ id: 'real', samples: 80 });
  });

  it('never calls a Frechet distance FID unless the network is the one of FID', async () => {
    const names = async (name: string): Promise<string> => {
      const metricsOfOne = ['fd'] as const;
      const [receipt] = await evaluate(
        images(30),
        { id: 'real', images: images(30, 2) },
        { network: { ...network, name }, metrics: metricsOfOne, resamples: 0 },
      );
      return receipt.metric;
    };
    expect(await names('lenet-mnist')).toBe('FD-LeNet');
    expect(await names('inception-v3-fid')).toBe('FID');
    expect(await names('other')).toBe('FD-other');
  });

  it('surrounds the value with its interval', async () => {
    const [receipt] = await evaluate(
      images(400),
      { id: 'real', images: images(400, 2, 0.2) },
      { network, metrics: ['fd'] },
    );
    const { uncertainty } = receipt;
    if (uncertainty?.kind !== 'bootstrap') throw new Error('expected an interval');
    expect(uncertainty.lower).toBeLessThan(receipt.value);
    expect(uncertainty.upper).toBeGreaterThan(receipt.value);
    expect(uncertainty).toMatchObject({ blocks: 20, resamples: 100, confidence: 0.95 });
  });

  it('takes bytes and values alike', async () => {
    const values = images(40);
    const bytes = Uint8Array.from(values.data, (value) =>
      Math.min(255, Math.max(0, Math.trunc(Math.fround(Math.fround(value * 127.5) + 128)))),
    );
    const options = { network, metrics: ['fd'], resamples: 0 } as const;
    const real = { id: 'real', images: images(40, 2) };
    const [a] = await evaluate(values, real, options);
    const [b] = await evaluate({ shape: values.shape, data: bytes }, real, options);
    expect(b.value).toBe(a.value);
  });

  it('has the same bits however the images are cut into shards', async () => {
    const all = images(100);
    const reference = {
      id: 'real',
      features: await collectFeatures(images(50, 2), { network, metrics, batchSize: 10, side: 'reference' }),
    };
    const settings = { network, metrics, batchSize: 10, maxRows: 40 };
    const whole = await collectFeatures(all, settings);
    for (const cuts of [
      [0, 100],
      [0, 30, 60, 100],
      [0, 10, 20, 50, 60, 70, 90, 100],
    ]) {
      const parts = await Promise.all(
        cuts.slice(1).map((to, i) => collectFeatures(part(all, cuts[i], to), { ...settings, first: cuts[i] })),
      );
      const merged = new FeatureSet(whole.plan);
      // In another order, and through files.
      for (const one of parts.reverse()) merged.merge(decodeFeatures(encodeFeatures(one)).features);
      const scores = { metrics, ...few };
      expect(await scoreFeatures(merged, reference, scores)).toEqual(await scoreFeatures(whole, reference, scores));
    }
  });

  it('keeps no rows for sums, and a bounded choice of rows else', async () => {
    const sums = await collectFeatures(images(300), { network, metrics: ['fd'] });
    expect(sums.rowsOf('pool')).toBeUndefined();
    const rows = await collectFeatures(images(300), { network, metrics: ['kid'], maxRows: 64 });
    expect(rows.rowsOf('pool')?.count).toBe(64);
    expect(rows.momentsOf('pool')).toBeUndefined();
    const file = (set: FeatureSet): number => encodeFeatures(set).length;
    const more = await collectFeatures(images(900), { network, metrics: ['fd'] });
    expect(Math.abs(file(more) - file(sums))).toBeLessThan(64);
  });

  it('tells the floor where other real images are known', async () => {
    const real = await collectFeatures(images(60, 2), { network, metrics: ['fd'] });
    const other = await collectFeatures(images(60, 3), { network, metrics: ['fd'] });
    const floorMoments = other.momentsOf('pool')!;
    const reference = { id: 'real', features: real, floor: { id: 'other', moments: { pool: floorMoments } } };
    const [receipt] = await scoreFeatures(await collectFeatures(images(60), { network, metrics: ['fd'] }), reference, {
      metrics: ['fd'],
    });
    expect(receipt.floor).toEqual({
      id: 'other',
      samples: 60,
      value: frechetDistance(floorMoments, real.momentsOf('pool')!),
    });
  });
});

describe('what is wrong with the images', () => {
  const real = { id: 'real', images: images(60, 2) };
  const options = { network, metrics: ['fd'], resamples: 0 } as const;
  const flagsOf = async (given: HostTensor): Promise<readonly string[]> =>
    (await evaluate(given, real, options))[0].flags;

  it('refuses one image and none', async () => {
    await expect(evaluate(images(1), real, options)).rejects.toThrow('"fd" needs at least 2 images, got 1');
    await expect(evaluate([], real, options)).rejects.toThrow('there are no images');
    await expect(evaluate(images(1), real, { ...options, metrics: ['precision-recall'] })).rejects.toThrow(
      '"precision-recall" needs at least 4 images on each side, got 1 and 60',
    );
  });

  it('flags 1,999 images, and not 2,000', async () => {
    expect(await flagsOf(images(1999))).toEqual([
      'under 2,000 samples: strongly biased, comparable only with as many samples',
    ]);
    expect(await flagsOf(images(2000))).toEqual([]);
  });

  it('flags identical images in every metric that sees it', async () => {
    const one = images(1).data as Float32Array;
    const same = hostTensor(
      Float32Array.from({ length: 40 * pixels }, (_, i) => one[i % pixels]),
      [40, side, side, 1],
    );
    const receipts = await evaluate(same, real, {
      ...options,
      metrics: ['fd', 'kid', 'precision-recall', 'density-coverage', 'diversity', 'is'],
      ...few,
    });
    for (const { metric, flags } of receipts) expect(flags.join('; '), metric).toMatch(/same features/);
  });

  it('refuses NaN by the number of the image, other sizes and other channels', async () => {
    const broken = images(30);
    broken.data[17 * pixels + 3] = Number.NaN;
    await expect(evaluate(broken, real, options)).rejects.toThrow('image 17 has a pixel that is not a number');
    const wide = hostTensor(new Float32Array(2 * 4 * 8), [2, 4, 8, 1]);
    await expect(evaluate([images(2), wide], real, options)).rejects.toThrow('after images of [4, 4, 1]');
    const colour: FeatureNetwork = { ...network, channels: 3 };
    await expect(evaluate(images(4), real, { ...options, network: colour })).rejects.toThrow('--repeat-grey');
  });

  it('refuses metrics that are unknown, twice, or not in the network', async () => {
    const ask = (wrong: readonly string[]) => evaluate(images(4), real, { ...options, metrics: wrong as never });
    await expect(ask(['fdd'])).rejects.toThrow('metrics has "fdd"');
    await expect(ask(['fd', 'fd'])).rejects.toThrow('names "fd" twice');
    await expect(ask(['sfd'])).rejects.toThrow('needs the output spatial');
    await expect(ask([])).rejects.toThrow('at least one');
  });

  it('refuses to compare single images with statistics, and features of different networks', async () => {
    const features = await collectFeatures(images(40), { network, metrics: ['kid', 'fd'] });
    const moments = { id: 'stored', moments: { pool: { moments: features.momentsOf('pool')! } } };
    await expect(scoreFeatures(features, moments, { metrics: ['kid'] })).rejects.toThrow('not statistics of them');
    const other = await collectFeatures(images(40, 2), {
      network: { ...network, sha256: 'cd'.repeat(32) },
      metrics: ['fd'],
      side: 'reference',
    });
    await expect(scoreFeatures(features, { id: 'x', features: other }, { metrics: ['fd'] })).rejects.toThrow(
      'the reference was seen through halves cdcdcdcd',
    );
    const wide = { id: 'x', moments: { pool: { moments: { mean: [0], covariance: [1] } } } };
    await expect(scoreFeatures(features, wide, { metrics: ['fd'] })).rejects.toThrow('has 1 features, the network 4');
  });
});

describe('parts', () => {
  it('refuse images that are there twice, gaps, and parts made otherwise', async () => {
    const settings = { network, metrics: ['fd'], batchSize: 10 } as const;
    const first = await collectFeatures(images(20), settings);
    const again = await collectFeatures(images(20), { ...settings, first: 10 });
    expect(() => first.merge(again)).toThrow('images 10 to 19 are there twice');
    const late = await collectFeatures(images(20), { ...settings, first: 40 });
    first.merge(late);
    await expect(scoreFeatures(first, undefined, { metrics: ['fd'] })).rejects.toThrow('a shard is missing');
    const other = await collectFeatures(images(20), { ...settings, first: 80, seed: 7 });
    expect(() => first.merge(other)).toThrow('different networks, metrics or settings');
    await expect(collectFeatures(images(20), { ...settings, first: 5 })).rejects.toThrow('multiple of batchSize');
  });

  it('refuse files that are damaged or something else', async () => {
    const bytes = encodeFeatures(await collectFeatures(images(20), { network, metrics: ['fd', 'kid'] }));
    expect(() => decodeFeatures(bytes.subarray(0, bytes.length - 9))).toThrow();
    expect(() => decodeFeatures(new Uint8Array(100))).toThrow();
    const text = new TextDecoder('latin1').decode(bytes);
    const changed = (from: string, to: string): Uint8Array =>
      Uint8Array.from(text.replace(from, to), (letter) => letter.charCodeAt(0));
    expect(() => decodeFeatures(changed('onestep-features-1', 'onestep-features-9'))).toThrow('holds no features');
    expect(() => decodeFeatures(changed('\\"to\\":20', '\\"to\\":21'))).toThrow('is damaged');
  });
});

describe('FeatureRows', () => {
  it('chooses the same rows whatever the order of the images', () => {
    const rows = (order: readonly number[]): readonly number[] => {
      const kept = new FeatureRows(1, { capacity: 10, seed: 3 });
      for (const image of order) kept.add(image, Float32Array.of(image));
      const found = kept.rows();
      expect([...found.data]).toEqual(found.images);
      return found.images;
    };
    const order = Array.from({ length: 200 }, (_, i) => i);
    const chosen = rows(order);
    expect(chosen).toHaveLength(10);
    expect(rows([...order].reverse())).toEqual(chosen);
  });

  it('chooses every image with the same probability', () => {
    const hits = new Float64Array(20);
    const trials = 2000;
    for (let seed = 0; seed < trials; seed += 1) {
      const kept = new FeatureRows(1, { capacity: 5, seed });
      kept.add(
        0,
        Float32Array.from({ length: 20 }, (_, i) => i),
      );
      for (const image of kept.rows().images) hits[image] += 1;
    }
    // Five standard deviations of a binomial count with p = 1/4.
    for (const count of hits) expect(Math.abs(count - trials / 4)).toBeLessThan(5 * Math.sqrt(trials * 0.25 * 0.75));
  });
});
