import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OnestepError } from '../../src/index';
import { loadSafetensors, saveSafetensors } from '../../src/node';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onestep-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('loads what was saved and leaves no temporary file', async () => {
  const path = join(folder, 'model.safetensors');
  await saveSafetensors(path, { w: { dtype: 'float32', shape: [2], data: Float32Array.of(1, -1) } }, { step: '3' });
  await saveSafetensors(path, { w: { dtype: 'float32', shape: [2], data: Float32Array.of(2, -2) } }, { step: '4' });
  const { tensors, metadata } = await loadSafetensors(path);
  expect([...tensors.w.data]).toEqual([2, -2]);
  expect(metadata).toEqual({ step: '4' });
  expect(await readdir(folder)).toEqual(['model.safetensors']);
});

it('names a damaged or absent file', async () => {
  const path = join(folder, 'bad.safetensors');
  await writeFile(path, 'hello');
  await expect(loadSafetensors(path)).rejects.toThrow(/bad\.safetensors: readSafetensors: the file has 5 bytes/);
  await expect(loadSafetensors(join(folder, 'absent'))).rejects.toBeInstanceOf(OnestepError);
});

it('leaves nothing behind when saving fails', async () => {
  const path = join(folder, 'model.safetensors');
  await expect(saveSafetensors(join(folder, 'no', 'model'), {})).rejects.toThrow(/ENOENT/);
  await expect(
    saveSafetensors(path, { a: { dtype: 'float32', shape: [3], data: new Float32Array(1) } }),
  ).rejects.toThrow(TypeError);
  expect(await readdir(folder)).toEqual([]);
});
