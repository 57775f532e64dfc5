import { hostTensor, tf, useBackend, type Tensor } from '@onestep/tensor';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { compile, compiledRunner } from '../src/index';
import { testExecutor } from './support/agree';

beforeAll(async () => {
  await useBackend('cpu');
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** What a compilation writes to standard error. */
async function written(): Promise<string> {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const x = tf.tensor1d([1, 2]);
  const fn = (a: Tensor): Tensor => tf.mul(tf.exp(a), 1);
  const compiled = await compile(fn, [x], { executor: await testExecutor() });
  await compiled.dispose();
  vi.restoreAllMocks();
  return text;
}

describe('DEBUG', () => {
  it.each(['onestep:compile', 'onestep:*', '*', 'other, onestep:compile', 'a onestep:*'])(
    'reports a compilation when it is %s',
    async (value) => {
      vi.stubEnv('DEBUG', value);
      const text = await written();
      const lines = text.split('\n');
      expect(lines.filter((line) => /: \d+ nodes after \w+ \([\d.]+ ms\)$/.test(line)).length).toBeGreaterThan(10);
      expect(text).toMatch(/compile: traced \d+ nodes/);
      expect(text.match(/= exp\(\$0\) float32\[2\]/g)).toHaveLength(2);
      expect(text.match(/= mul\(/g)).toHaveLength(1);
      expect(text).toMatch(/lowered to 2 operators and \d+ constants, \d+ bytes/);
      expect(text).toMatch(/opened the session \([\d.]+ ms\)\n$/);
    },
  );

  it.each(['', 'onestep', 'compile', 'onestep:train'])('says nothing when it is "%s"', async (value) => {
    vi.stubEnv('DEBUG', value);
    expect(await written()).toBe('');
  });

  it('reports the step of a runner, its state packed', async () => {
    vi.stubEnv('DEBUG', 'onestep:compile');
    let text = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    const runner = await compiledRunner({ executor: await testExecutor() })({
      step: ({ a }) => ({ state: { a: { w: tf.add(a.w, 1) } }, outputs: {} }),
      state: { a: { w: hostTensor(Float32Array.of(1)) } },
    });
    await runner.step({});
    runner.dispose();
    expect(text).toMatch(/compiledRunner: \d+ nodes after packState/);
  });

  it('is not asked for where there is no process', async () => {
    const { compilationLog } = await import('../src/debug');
    vi.stubGlobal('process', undefined);
    expect(compilationLog('page')).toBeUndefined();
  });
});
