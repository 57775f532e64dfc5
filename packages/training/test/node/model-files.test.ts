import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consistencyPreconditioning, preconditioningFromConfig } from '@onestep/core';
import { hostTensor, writeSafetensors } from '@onestep/tensor';
import { decodeModel, describeModel, encodeModel } from '@onestep/training';
import { loadModel, saveModel } from '@onestep/training/node';
import { tinyNetwork } from '../tiny-network';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onestep-models-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const preconditioning = consistencyPreconditioning({ sigmaMin: 0.01 });
const model = describeModel('consistency', {
  network: tinyNetwork({ numClasses: 2 }),
  preconditioning,
  labelNames: ['a', 'b'],
});
const file = { model, params: { b: hostTensor(Float32Array.of(1, 2)) } };

describe('model files', () => {
  it('give back what was saved, under one name and nothing beside it', async () => {
    const path = join(folder, 'deep', 'model.safetensors');
    await saveModel(path, file);
    await saveModel(path, file);
    expect(await loadModel(path)).toEqual(file);
    expect(await readdir(join(folder, 'deep'))).toEqual(['model.safetensors']);
  });

  it('describe the preconditioning so that it can be rebuilt', () => {
    const rebuilt = preconditioningFromConfig(decodeModel(encodeModel(file)).model.preconditioning);
    expect(rebuilt.at(3)).toEqual(preconditioning.at(3));
  });

  const metadata = (changes: object) => ({
    format: 'onestep.model',
    version: '1',
    model: JSON.stringify({ ...model, ...changes }),
  });
  it.each<[string, Record<string, string>, RegExp]>([
    ['without description', {}, /"format" is missing/],
    ['of a later version', { ...metadata({}), version: '2' }, /"version" is "2"/],
    ['whose description is not JSON', { ...metadata({}), model: '{' }, /not JSON/],
    ['of an unknown kind', metadata({ kind: 'magic' }), /kind/],
    ['with unknown fields', metadata({ extra: 1 }), /extra/],
    ['with an empty range', metadata({ sigmaMin: 90 }), /sigmaMin 90 must be below/],
  ])('are refused %s', (_, header, message) => {
    expect(() => decodeModel(writeSafetensors(file.params, header))).toThrow(message);
  });

  it('are refused when a weight is not a finite number', () => {
    const params = { b: hostTensor(Float32Array.of(NaN)) };
    expect(() => decodeModel(encodeModel({ model, params }))).toThrow('"b" holds a value that is not a finite number');
  });

  it('name the path of a file that cannot be used', async () => {
    const path = join(folder, 'bad.safetensors');
    await writeFile(path, 'nonsense');
    await expect(loadModel(path)).rejects.toMatchObject({ code: 'bad-weight-file', details: { path } });
    await expect(loadModel(join(folder, 'none'))).rejects.toMatchObject({ code: 'bad-weight-file' });
  });
});
