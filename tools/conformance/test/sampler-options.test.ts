import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countLeaks, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { runConformance } from '../src/run-conformance';

/**
 * Options that the golden folder's own cases leave alone, on small problems: numbers of k-diffusion, consistency_models, NVlabs/edm,
 * locuslab/ect, zju-pi/diff-sampler and LuChengTHU/dpm-solver, run for this test.
 */
const folder = join(import.meta.dirname, 'fixtures', 'golden');

beforeAll(async () => {
  await useBackend('cpu');
});

describe('sampler and editing cases', () => {
  it('are run with the options they state, and leave no tensor', async () => {
    const { result, leaked } = await countLeaks(() => runConformance({ folder }));
    expect(result.results.filter(({ status }) => status !== 'PASS')).toEqual([]);
    expect(result.passed).toBe(71);
    expect(leaked).toBe(0);
  });

  it('name the parameters that their runner does not read where they fail', async () => {
    const { cases, ...file } = JSON.parse(readFileSync(join(folder, 'samplers', 'mixture.json'), 'utf8')) as {
      cases: { name: string; params: object }[];
    };
    const heun = cases.filter(({ name }) => name === 'dpm_2').map((entry) => ({ ...entry, params: { warmth: 3 } }));
    const other = mkdtempSync(join(tmpdir(), 'onestep-conformance-'));
    try {
      writeFileSync(join(other, 'mixture.json'), JSON.stringify({ ...file, cases: heun }));
      const { results } = await runConformance({ folder: other });
      expect(results.map(({ status }) => status)).toEqual(['FAIL', 'FAIL']);
      for (const { note } of results) expect(note).toContain('the runner does not know "warmth"');
    } finally {
      rmSync(other, { recursive: true });
    }
  });
});
