import * as fc from 'fast-check';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { toBytes } from '../../../src';
import { mergeSamples, openDataset, readSampleIndex, samplePlaces, writeSamples } from '../../../src/node';
import { drawer, imageOf, job, snapshot, stream } from './streams';

const root = mkdtempSync(join(tmpdir(), 'onestep-samples-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const scratch = (): string => {
  const folder = join(root, String((made += 1)));
  mkdirSync(folder);
  return folder;
};

const names = ['out', 'out.zip', 'out.npz'] as const;

/** Writes a stream in a fresh folder at once; the result is what lies there. */
async function atOnce(name: string): Promise<Record<string, string>> {
  const folder = scratch();
  await writeSamples(join(folder, name), stream());
  return snapshot(folder);
}

describe.each(names)('writeSamples to %s', (name) => {
  it('leaves the same bytes after kills anywhere and damage to what was half-written', async () => {
    const whole = await atOnce(name);
    const kills = fc.array(
      fc.record({ at: fc.nat(24), batchSize: fc.integer({ min: 1, max: 9 }), lost: fc.nat(90), torn: fc.boolean() }),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(kills, async (all) => {
        const folder = scratch();
        const path = join(folder, name);
        const places = samplePlaces(path);
        for (const { at, batchSize, lost, torn } of all) {
          await writeSamples(path, stream({ draw: drawer(4, batchSize, at) })).catch(() => undefined);
          if (existsSync(places.index)) break;
          // The last lines of the journal, or the last bytes of the data, never reached the disk.
          const victim = torn || name === 'out' ? places.journal : places.part;
          const header = victim === places.journal ? readFileSync(victim).indexOf('\n') + 1 : 0;
          truncateSync(victim, Math.max(header, statSync(victim).size - lost));
          if (torn && name !== 'out') appendFileSync(places.part, 'half a picture');
        }
        await writeSamples(path, stream());
        expect(snapshot(folder)).toEqual(whole);
      }),
      { numRuns: 8 },
    );
  });

  it('has the same bytes when shards of any sizes are merged', async () => {
    const whole = await atOnce(name);
    const cuts = fc.uniqueArray(fc.nat(23), { maxLength: 3 }).map((points) => points.sort((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(cuts, async (points) => {
        const folder = scratch();
        const path = join(folder, name);
        const ends = [0, ...points, 23];
        for (let i = 1; i < ends.length; i += 1) {
          const shard = { index: i, total: ends.length - 1, from: ends[i - 1], to: ends[i] };
          await writeSamples(path, stream({}, shard));
        }
        const { index } = await mergeSamples(path, { removeShards: true });
        expect(index?.shard).toBeUndefined();
        expect(snapshot(folder)).toEqual(whole);
      }),
      { numRuns: 6 },
    );
  });

  it('only checks what is finished, and finds damage', async () => {
    const path = join(scratch(), name);
    await writeSamples(path, stream());
    const draw = (): never => {
      throw new Error('drawn again');
    };
    const again = await writeSamples(path, stream({ draw }));
    expect(again).toMatchObject({ kept: 23, added: 0 });
    const victim = name === 'out' ? join(path, '000000/000007.png') : path;
    const bytes = readFileSync(victim);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(victim, bytes);
    await expect(writeSamples(path, stream({ draw }))).rejects.toThrow(/damaged or missing/);
  });

  it('refuses to go on with another job, naming what differs', async () => {
    const path = join(scratch(), name);
    await writeSamples(path, stream({ draw: drawer(4, 4, 8) })).catch(() => undefined);
    const other = stream({ job: job({ seed: 2, sampler: 'heun', sigmas: [80, 0], settings: { guidanceScale: 3 } }) });
    await expect(writeSamples(path, other)).rejects.toThrow(
      /seed is 1 there, 2 here; sampler is "one-step" there, "heun" here; sigmas is \[80\] there, \[80, 0\] here; guidanceScale is absent there, 3 here/,
    );
    const { kept } = await writeSamples(path, stream());
    expect(kept).toBe(8);
    await expect(writeSamples(path, stream({ job: job({ model: 'b'.repeat(64) }) }))).rejects.toThrow(/model is/);
  });

  it('stops at a signal, keeping what is there', async () => {
    const path = join(scratch(), name);
    const controller = new AbortController();
    const stopped = await writeSamples(path, {
      ...stream(),
      onProgress: () => controller.abort(),
      signal: controller.signal,
    });
    expect(stopped).toMatchObject({ kept: 0, added: 4 });
    expect(stopped.index).toBeUndefined();
    expect(await writeSamples(path, stream())).toMatchObject({ kept: 4, added: 19 });
  });
});

describe('writeSamples', () => {
  it('has one checksum in every layout', async () => {
    const sums = await Promise.all(
      names.map(async (name) => (await writeSamples(join(scratch(), name), stream())).index?.checksum),
    );
    expect(new Set(sums).size).toBe(1);
  });

  it.each(['out', 'out.zip'])('writes a dataset that reads back: %s', async (name) => {
    const path = join(scratch(), name);
    await writeSamples(path, stream());
    const dataset = await openDataset(path);
    const pixels = new Uint8Array(4);
    expect(await dataset.read(5, pixels)).toBe(1);
    expect([...pixels]).toEqual([...toBytes(imageOf(5))]);
    expect(dataset.length).toBe(23);
    dataset.close?.();
  });

  it('goes on where a kill came between the last rename and the index', async () => {
    const folder = scratch();
    const path = join(folder, 'out.npz');
    const places = samplePlaces(path);
    const shard = { index: 1, total: 1, from: 0, to: 23 };
    // A shard keeps its journal, as a kill would have left it.
    await writeSamples(path, stream({}, shard));
    const of = samplePlaces(path, shard);
    renameSync(of.data, places.data);
    const [header, ...lines] = readFileSync(of.journal, 'utf8').split('\n');
    writeFileSync(places.journal, [JSON.stringify({ ...JSON.parse(header), shard: undefined }), ...lines].join('\n'));
    for (const file of [of.journal, of.index]) rmSync(file);
    expect(await writeSamples(path, stream())).toMatchObject({ kept: 23, added: 0 });
    expect(snapshot(folder)).toEqual(await atOnce('out.npz'));
  });

  it('keeps float32 where samples are no images', async () => {
    const path = join(scratch(), 'points.npz');
    const points = job({ shape: [2], numClasses: 0, count: 3 });
    await writeSamples(path, stream({ job: points }));
    const bytes = readFileSync(path);
    const head = bytes.indexOf('{');
    expect(bytes.toString('latin1', head, head + 60)).toContain(
      "'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)",
    );
    const data = bytes.indexOf('\n', head) + 1;
    expect(bytes.readFloatLE(data + 8)).toBe(imageOf(1, 2)[0]);
    expect(bytes.includes('arr_1')).toBe(false);
    await expect(async () => writeSamples(join(root, 'points'), stream({ job: points }))).rejects.toThrow(
      /ending in \.npz/,
    );
  });

  it('refuses a place that holds something else, and leaves it as it was', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'keep.txt'), 'mine');
    await expect(writeSamples(folder, stream())).rejects.toThrow(/not empty and holds no samples/);
    writeFileSync(join(folder, 'a.npz'), 'mine');
    await expect(writeSamples(join(folder, 'a.npz'), stream())).rejects.toThrow(/exists and has no index/);
    expect(Object.keys(snapshot(folder))).toEqual(['a.npz', 'keep.txt']);
  });

  it('refuses samples that are not finite, and keeps those before', async () => {
    const path = join(scratch(), 'out.npz');
    const draw: ReturnType<typeof drawer> = async function* (range) {
      for await (const batch of drawer(4)(range)) {
        if (batch.images.data[0] !== imageOf(0)[0]) batch.images.data[6] = Number.NaN;
        yield batch;
      }
    };
    await expect(writeSamples(path, stream({ draw }))).rejects.toThrow(/sample 5 holds NaN/);
    expect(await writeSamples(path, stream())).toMatchObject({ kept: 4 });
  });

  it('refuses jobs and shards out of range before anything is written', async () => {
    const path = join(root, 'never.npz');
    const bad = [
      [stream({ job: job({ count: 0 }) }), 'count must be an integer >= 1'],
      [stream({ job: job({ seed: -1 }) }), 'seed must be an integer >= 0'],
      [stream({}, { index: 4, total: 3, from: 0, to: 1 }), 'shard.index must be an integer in [1, 3]'],
      [stream({}, { index: 1, total: 3, from: 5, to: 99 }), 'must lie in [0, 23]'],
      [stream({ label: undefined }), 'label is missing'],
    ] as const;
    for (const [options, message] of bad) {
      await expect(async () => writeSamples(path, options)).rejects.toThrow(message);
    }
    expect(existsSync(`${path}.journal`)).toBe(false);
  });
});

describe('mergeSamples', () => {
  const shard = (index: number) => ({ index, total: 3, from: 8 * (index - 1), to: Math.min(23, 8 * index) });

  it('names missing, damaged and foreign shards', async () => {
    const path = join(scratch(), 'out.npz');
    await expect(mergeSamples(path)).rejects.toThrow(/no finished shards/);
    await writeSamples(path, stream({}, shard(1)));
    await expect(mergeSamples(path)).rejects.toThrow(/shard 2, 3 of 3 is missing/);
    await writeSamples(path, stream({}, shard(2)));
    await writeSamples(path, stream({ job: job({ seed: 9 }) }, shard(3)));
    await expect(mergeSamples(path)).rejects.toThrow(/seed is 9 there, 1 here/);
    const { data, journal, index: third } = samplePlaces(path, shard(3));
    for (const file of [data, journal, third]) rmSync(file);
    await writeSamples(path, stream({}, shard(3)));
    const second = samplePlaces(path, shard(2)).data;
    const bytes = readFileSync(second);
    bytes[170] ^= 255;
    writeFileSync(second, bytes);
    await expect(mergeSamples(path)).rejects.toThrow(/shard-2-of-3\.npz: sample \d+ is damaged/);
    rmSync(samplePlaces(path, shard(2)).index);
    await writeSamples(path, stream({}, shard(2)));
    const { index } = await mergeSamples(path);
    expect(await readSampleIndex(samplePlaces(path).index)).toEqual(index);
  });

  it('writes into one folder from all shards at the same time', async () => {
    const path = join(scratch(), 'out');
    await Promise.all([1, 2, 3].map((index) => writeSamples(path, stream({}, shard(index)))));
    await mergeSamples(path, { removeShards: true });
    const folder = scratch();
    await writeSamples(join(folder, 'out'), stream());
    expect(snapshot(path)).toEqual(snapshot(join(folder, 'out')));
  });
});
