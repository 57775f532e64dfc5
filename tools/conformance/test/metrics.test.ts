import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend, writeSafetensors, type HostTensor } from '@onestep/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportLine } from '../src/report';
import { runConformance } from '../src/run-conformance';

/** Two sets of three points on a line: means 0 and 5, variances 1 and 4. */
const sets = { real: [-1, 0, 1], fake: [3, 5, 7] };
const rows = (data: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape: [data.length, 1],
  data: Float32Array.from(data),
});
const list = (data: readonly number[]) => ({ shape: [data.length], dtype: 'float64', data });
const pair = {
  ...{ name: 'line', dim: 1, n_real: 3, n_fake: 3, trace_sigma_real: 1, trace_sigma_fake: 4 },
  fid_exact: 26,
};
/** Under (x y)^2: E k(x, x') = 1/3, E k(y, y') = (225 + 441 + 1225)/3, E k(x, y) = 2/3 83/3. */
const discrepancy = 1 / 3 + (225 + 441 + 1225) / 3 - (2 * 2 * 83) / 9;
const kid = {
  ...{ kernel: '(1 x.y + 0)^2', real_indices: [[0, 1, 2]], fake_indices: [[2, 1, 0]] },
  ...{ per_subset: [discrepancy], mean: discrepancy, std: 0, full_unbiased: discrepancy },
};
/** The point 1 lies on the surface of the ball around 3. */
const prdc = {
  ...{ k: 1, precision: 0, recall: 1 / 3, radii_real_first8: list([1, 1, 1]), radii_fake_first8: list([2, 2, 2]) },
  prdc: { precision: 0, recall: 0, density: 0, coverage: 0 },
};

describe('scores of stored features', () => {
  let folder: string;

  beforeEach(async () => {
    await useBackend('cpu');
    folder = mkdtempSync(join(tmpdir(), 'onestep-conformance-'));
    mkdirSync(join(folder, 'metrics'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function lines(entry: object, scale = 1): Promise<string[]> {
    const scaled = (data: readonly number[]): HostTensor => rows(data.map((value) => value * scale));
    const features = { 'line.real': scaled(sets.real), 'line.fake': scaled(sets.fake) };
    writeFileSync(join(folder, 'metrics', 'features.safetensors'), writeSafetensors(features));
    writeFileSync(join(folder, 'metrics', 'scores.json'), JSON.stringify({ cases: [entry] }));
    return (await runConformance({ folder })).results.map((result) => reportLine(result).split(' ', 2).join(' '));
  }

  it('are compared for sets of fewer points than the file usually shows, under the kernel that it states', async () => {
    expect(await lines({ ...pair, kid, prdc: [prdc] })).toEqual([
      'PASS metrics/scores.json#0/fid',
      'PASS metrics/scores.json#0/kid',
      'PASS metrics/scores.json#0/prdc-k1',
    ]);
  });

  it.each([
    [1e4, { trace_sigma_real: 1e8, trace_sigma_fake: 4e8, fid_exact: 26e8 }],
    [2 ** -20, { trace_sigma_real: 2 ** -40, trace_sigma_fake: 2 ** -38, fid_exact: 26 * 2 ** -40 }],
  ])('are compared whatever the size of the features: %d', async (scale, scores) => {
    expect(await lines({ ...pair, ...scores, kid: null, prdc: [] }, scale)).toEqual(['PASS metrics/scores.json#0/fid']);
  });

  it('fail where the kernel is another, are skipped where there is none like it, and never pass for want of scores', async () => {
    const { fid_exact: left, ...bare } = pair;
    expect(left).toBe(26);
    expect(await lines({ ...bare, kid: { ...kid, kernel: '(x.y/d + 1)^3' } })).toEqual([
      'FAIL metrics/scores.json#0/kid',
    ]);
    expect(await lines({ ...bare, kid: { ...kid, kernel: 'exp(-|x - y|^2)' } })).toEqual([
      'SKIP metrics/scores.json#0/kid',
    ]);
    expect(await lines(bare)).toEqual(['FAIL metrics/scores.json#0']);
  });
});
