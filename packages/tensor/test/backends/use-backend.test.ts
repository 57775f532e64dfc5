import { expect, it, vi } from 'vitest';
import { backendNames, describeBackends, OnestepError, tf, useBackend } from '../../src/index';

it('chooses a backend by itself that can compute', async () => {
  const name = await useBackend('auto');
  expect(backendNames).toContain(name);
  expect(tf.add(1, 2).dataSync()[0]).toBe(3);
});

it('prints nothing, whatever backend starts', async () => {
  const spies = (['log', 'warn', 'info', 'error'] as const).map((method) => vi.spyOn(console, method));
  for (const name of ['cpu', 'wasm'] as const) {
    await useBackend(name);
    tf.add(1, 2).dispose();
  }
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

it('says in one sentence what an absent backend needs, and the command that adds it', async () => {
  const descriptions = await describeBackends();
  expect(descriptions.map(({ name }) => name)).toEqual([...backendNames]);
  for (const { name, available, command } of descriptions) {
    if (available) continue;
    const error: unknown = await useBackend(name).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OnestepError);
    expect((error as OnestepError).code).toBe('missing-backend');
    expect((error as OnestepError).message).toMatch(new RegExp(`the backend ${name} cannot be used: .+\\.`));
    if (command !== undefined) expect((error as OnestepError).message).toContain(command);
  }
});

it('refuses names and thread counts it does not know', async () => {
  await expect(useBackend('webgl' as never)).rejects.toThrow(/unknown backend "webgl", expected auto, node-gpu/);
  await expect(useBackend('wasm', { threads: 0 })).rejects.toThrow(RangeError);
});

it('refuses a second copy of tfjs-core, and names the command that finds it', async () => {
  const registry = (tf.env() as unknown as { flagRegistry: Record<string, { evaluationFn: unknown }> }).flagRegistry;
  const ours = registry.DEBUG.evaluationFn;
  // What loading another copy does.
  registry.DEBUG.evaluationFn = () => false;
  try {
    await expect(useBackend('cpu')).rejects.toMatchObject({ code: 'two-engines' });
  } finally {
    registry.DEBUG.evaluationFn = ours;
  }
  await expect(useBackend('cpu')).resolves.toBe('cpu');
});
