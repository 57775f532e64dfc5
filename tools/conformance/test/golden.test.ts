import { countLeaks, useBackend } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../workspace/golden';
import { runConformance } from '../src/run-conformance';

const folder = goldenFolder();

describe.runIf(folder !== undefined)('the golden folder', () => {
  it('has no failing case on wasm, and running it leaves no tensor', async () => {
    await useBackend('wasm');
    const { result, leaked } = await countLeaks(() => runConformance({ folder: folder ?? '' }));
    expect(result.results.filter(({ status }) => status === 'FAIL')).toEqual([]);
    expect(result.passed).toBeGreaterThan(0);
    expect(leaked).toBe(0);
    // Inception and VGG among them: a minute on an idle core.
  }, 600_000);
});
