import { countLeaks, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';

/** Registers the same tests on `cpu` and on `wasm`. */
export function describeOnBackends(title: string, body: () => void): void {
  describe.each(['cpu', 'wasm'] as const)(`${title} on %s`, (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
    });
    body();
  });
}

/** Registers tests of whole networks, for which `cpu` is too slow. */
export function describeOnWasm(title: string, body: () => void): void {
  describe(title, () => {
    beforeAll(async () => {
      await useBackend('wasm');
    });
    body();
  });
}

/** A test that also fails if it leaves tensors behind. */
export function itKeepsNoTensors(title: string, body: () => void): void {
  it(title, async () => {
    const { leaked } = await countLeaks(body);
    expect(leaked).toBe(0);
  });
}
