import { fromBytes } from '@onestep/data';
import { loadLenet } from '@onestep/metrics/node';
import { hostTensor, randomStream, tf, useBackend, type HostTensor } from '@onestep/tensor';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { centredHole, enlarged, filled, rightHalf } from '../../src/editing/baselines';
import type { EditingModel } from '../../src/editing/editing-model';
import type { EditingInputs } from '../../src/editing/inputs';
import { openJudge, type Judge } from '../../src/editing/judge';
import { blockMeanError, knownPixelError } from '../../src/editing/known-error';
import { editingMarkdown } from '../../src/editing/report';
import { scoreTasks, type EditingLine, type EditingReport } from '../../src/editing/study';

const shape = [28, 28, 1];
const size = 28 * 28;

/** Four pictures of random bytes. */
const bytes = Uint8Array.from(randomStream(3, 'test.pictures', 0).uniform(4 * size), (u) => Math.floor(256 * u));
const inputs: EditingInputs = {
  dataset: 'mnist',
  images: hostTensor(fromBytes(bytes), [4, ...shape]),
  labels: [7, 2, 1, 0],
  mean: Float32Array.from({ length: size }, (_, i) => i / size - 0.5),
};

/** f(x, sigma) = clip x: what is known has no influence on the rest, and everything else can be computed by hand. */
const model: EditingModel = {
  kind: 'consistency',
  name: 'clip',
  shape,
  numClasses: 0,
  options: { consistencyFunction: (x) => tf.clipByValue(x, -1, 1), sigmaMin: 0.002, sigmaMax: 80 },
  dispose: () => Promise.resolve(),
};

describe('baselines', () => {
  it('fill holes with the mean of the training images and nothing else', () => {
    const { images, mean } = inputs;
    const right = filled(images, rightHalf(shape), (element) => mean[element]);
    const centre = filled(images, centredHole(shape, 12), () => 0);
    for (let i = 0; i < images.data.length; i += 1) {
      const [y, x] = [Math.floor((i % size) / 28), i % 28];
      expect(right.data[i]).toBe(x >= 14 ? mean[i % size] : images.data[i]);
      expect(centre.data[i]).toBe(x >= 8 && x < 20 && y >= 8 && y < 20 ? 0 : images.data[i]);
    }
  });

  it('enlarge a ramp to a finer ramp, and stay in the range', async () => {
    await useBackend('cpu');
    const ramp = (length: number): HostTensor => {
      const step = 1.6 / length;
      const data = Float32Array.from({ length: length ** 2 }, (_, i) => ((i % length) + 0.5) * step - 0.8);
      return hostTensor(data, [1, length, length, 1]);
    };
    const [larger, expected] = [await enlarged(ramp(14), [28, 28], 'bicubic-antialias'), ramp(28)];
    // Edge pixels stand for those beyond, so a ramp bends there.
    for (let x = 4; x < 24; x += 1) expect(larger.data[14 * 28 + x]).toBeCloseTo(expected.data[14 * 28 + x], 5);
    const steps = hostTensor(Float32Array.of(-1, -1, 1, 1), [1, 1, 4, 1]);
    const clipped = (await enlarged(steps, [1, 8], 'bicubic-antialias')).data;
    expect([Math.min(...clipped), Math.max(...clipped)]).toEqual([-1, 1]);
  });
});

describe('errors of what is known', () => {
  it('look at known pixels alone', () => {
    const mask = rightHalf(shape).data;
    const changed = Uint8Array.from(bytes);
    changed[27] = 255 - changed[27];
    expect(knownPixelError(changed, bytes, { mask, channels: 1 })).toBe(0);
    changed[size] ^= 3;
    expect(knownPixelError(changed, bytes, { mask, channels: 1 })).toBe(Math.abs(changed[size] - bytes[size]));
  });

  it('compare the means of blocks, cut ones too', () => {
    const [a, b] = [new Uint8Array(25), new Uint8Array(25)];
    a[0] = 8;
    a[24] = 3;
    // The last block of 2 x 2 in 5 x 5 has one pixel.
    expect(blockMeanError(a, b, { shape: [5, 5, 1], factor: 2 })).toBe(3);
    expect(blockMeanError(a, b, { shape: [5, 5, 1], factor: 5 })).toBeCloseTo(11 / 25);
  });
});

describe('the editing study', () => {
  let judge: Judge;
  let folder = '';
  let report: EditingReport;
  beforeAll(async () => {
    await useBackend('wasm');
    folder = await mkdtemp(join(tmpdir(), 'editing-study-'));
    judge = await openJudge(await loadLenet('mnist'), { shape });
    report = await scoreTasks({ model, inputs, judge }, { seed: 0, labels: 'guess', pictures: folder });
  });
  afterAll(async () => {
    await judge.dispose();
    await rm(folder, { recursive: true });
  });
  const line = (task: string, method: string): EditingLine =>
    report.lines.find((one) => one.task.startsWith(task) && one.method === method)!;

  it('finds nothing wrong with the originals', () => {
    const { agreement, toOriginals, rmse } = line('-', 'originals').scores;
    expect([agreement, rmse]).toEqual([1, 0]);
    expect(toOriginals).toBeCloseTo(0, 6);
  });

  it('finds known pixels kept exactly, and means of blocks up to rounding', () => {
    for (const task of ['inpaint, centred', 'inpaint, right']) {
      expect(line(task, 'model').scores.knownError).toBe(0);
      expect(line(task, 'mean fill').scores.knownError).toBe(0);
    }
    for (const task of ['super-resolve, 2', 'super-resolve, 4']) {
      expect(line(task, 'model').scores.knownError).toBeLessThanOrEqual(0.51);
    }
    expect(line('super-resolve, 4', 'bicubic').scores.knownError).toBeGreaterThan(1);
    expect(line('denoise', 'as it is').scores.knownError).toBeUndefined();
  });

  it('gives the errors that can be computed by hand', () => {
    // The model that clips leaves noise as a plain clip does.
    expect(line('denoise', 'model, level told').scores.rmse).toBeCloseTo(line('denoise', 'as it is').scores.rmse, 6);
    let squares = 0;
    for (let i = 0; i < bytes.length; i += 1) {
      if (i % 28 >= 14) squares += (inputs.images.data[i] - inputs.mean[i % size]) ** 2;
    }
    // Up to the rounding of the filling to 8 bits.
    expect(line('inpaint, right', 'mean fill').scores.rmse).toBeCloseTo(Math.sqrt(squares / bytes.length), 3);
  });

  it('counts network calls and draws every task', async () => {
    expect(line('inpaint, right', 'model').nfe).toBe(40);
    expect(line('denoise', 'model, level estimated').nfe).toBe(1);
    const files = await readdir(folder);
    expect(files.sort()).toEqual(report.sheets.map(({ file }) => file).sort());
    expect(report.sheets[0].rows).toEqual([
      'originals',
      'given',
      'mean fill',
      'model, seed 0',
      'model, seed 1',
      'model, seed 2',
    ]);
    for (const file of files) expect((await stat(join(folder, file))).size).toBeLessThan(60_000);
  });

  it('makes a table with a line for every method, and links to the sheets', () => {
    const text = editingMarkdown(report, 'editing');
    const rows = text.split('\n').filter((row) => row.startsWith('|'));
    expect(rows).toHaveLength(2 + 1 + 2 + 2 + 3 + 3 + 3);
    expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1);
    expect(text).toContain('![inpaint-centre.png](editing/inpaint-centre.png)');
    expect(text).not.toContain('class guessed');
  });

  it('refuses a model of another size', async () => {
    const other = { ...model, shape: [32, 32, 3] };
    await expect(scoreTasks({ model: other, inputs, judge }, { seed: 0, labels: 'guess' })).rejects.toThrow(
      'clip makes images of [32, 32, 3], mnist has [28, 28, 1]',
    );
  });
});
