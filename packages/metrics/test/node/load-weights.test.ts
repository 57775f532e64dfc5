import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disposeParams, tf, useBackend, writeSafetensors } from '@onestep/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formulaWeights } from '../../../../tools/workspace/formula-weights';
import { headShapes, trunkShapes } from '../../src/index';
import { cacheFolder, fetchWeights, loadFeatureNetwork, loadLpips } from '../../src/node';

const folder = mkdtempSync(join(tmpdir(), 'onestep-weights-'));
const trunk = writeSafetensors(formulaWeights(trunkShapes('squeezenet')));
const heads = writeSafetensors(formulaWeights(headShapes('squeezenet')));
const paths = { trunk: join(folder, 'trunk.safetensors'), heads: join(folder, 'heads.safetensors') };
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
let server: Server;
let asked: string[] = [];

/** The answer to every https address: what the server of this test has under its last part. */
const fromServer = (url: string): Promise<Response> => {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/${url.split('/').at(-1) ?? ''}`);
};

beforeAll(async () => {
  await useBackend('cpu');
  writeFileSync(paths.trunk, trunk);
  writeFileSync(paths.heads, heads);
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/heads.pth') response.end(Buffer.from(heads));
    else if (request.url === '/cut.pth') {
      response.writeHead(200, { 'content-length': String(heads.length) });
      response.write(Buffer.from(heads.subarray(0, 100)), () => response.destroy());
    } else {
      response.statusCode = 404;
      response.end('no');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('loadLpips', () => {
  it('reads trunk and heads, or one file with both, and states what it read', async () => {
    const two = await loadLpips('squeezenet', { weights: paths, sha256: { trunk: hashOf(trunk).slice(0, 8) } });
    expect(two.sha256).toBe(`${hashOf(trunk)}+${hashOf(heads)}`);
    const both = join(folder, 'both.safetensors');
    const record = { ...formulaWeights(trunkShapes('squeezenet')), ...formulaWeights(headShapes('squeezenet')) };
    writeFileSync(both, writeSafetensors(record));
    const one = await loadLpips('squeezenet', { weights: both });
    expect(Object.keys(one.weights)).toEqual(Object.keys(two.weights));
    expect(one.weights.lin3).toEqual(two.weights.lin3);
  });

  it('refuses a file of another sha256, another network, and none at all', async () => {
    await expect(loadLpips('squeezenet', { weights: paths, sha256: { trunk: '00000000' } })).rejects.toThrow(
      /trunk\.safetensors has sha256 [0-9a-f]{64}, expected 00000000/,
    );
    await expect(loadLpips('vgg16', { weights: paths })).rejects.toThrow(/VGG16: .*This looks like SqueezeNet 1\.1/);
    await expect(loadLpips('squeezenet', { weights: join(folder, 'none') })).rejects.toThrow(/none cannot be read/);
    await expect(loadLpips('squeezenet', { weights: paths, sha256: 'short' })).rejects.toThrow(/8 to 64 lower-case/);
  });
});

describe('loadFeatureNetwork', () => {
  it('gives the classifier of FD-LeNet with the features that FD-LeNet sees', async () => {
    const network = await loadFeatureNetwork('lenet-mnist');
    const outputs = network.evaluate(network.params, tf.fill([2, 28, 28, 1], 128));
    expect(outputs.pool.shape).toEqual([2, 64]);
    expect(outputs.logits.shape).toEqual([2, 10]);
    expect(network).toMatchObject({ name: 'lenet-mnist', channels: 1, outputs: { pool: 64, logits: 10 } });
    expect(() => network.evaluate(network.params, tf.zeros([1, 28, 28, 3]))).toThrow(/\[B, 28, 28, 1\]/);
    disposeParams(network.params);
  });

  it('says which file it was given instead of Inception', async () => {
    await expect(loadFeatureNetwork('inception-v3-fid', { weights: paths.trunk })).rejects.toThrow(
      /"Conv2d_1a_3x3\.conv\.weight" \[32, 3, 3, 3\] is missing \(and \d+ more\)\. This looks like SqueezeNet 1\.1\./,
    );
    await expect(loadFeatureNetwork('inception' as never)).rejects.toThrow(
      /no network "inception", only inception-v3-fid/,
    );
    await expect(loadFeatureNetwork('lenet-mnist', { weights: paths.trunk })).rejects.toThrow(/takes no options/);
  });
});

describe('fetchWeights', () => {
  const published = { file: 'lpips.pth', url: 'https://weights.test/heads.pth', sha256: hashOf(heads).slice(0, 8) };

  it('fetches once and answers from the cache afterwards', async () => {
    const cache = join(folder, 'once');
    asked = [];
    const progress: number[] = [];
    const first = await fetchWeights(published, {
      cache,
      fetch: fromServer,
      onProgress: (_, bytes) => progress.push(bytes),
    });
    const second = await fetchWeights(published, { cache, fetch: fromServer });
    expect(first).toEqual({ path: join(cache, 'lpips.pth'), sha256: hashOf(heads) });
    expect(second).toEqual(first);
    expect(asked).toEqual(['/heads.pth']);
    expect(progress.at(-1)).toBe(heads.length);
    expect(hashOf(readFileSync(first.path))).toBe(hashOf(heads));
  });

  it.each([
    [
      'another sha256',
      { ...published, sha256: '00000000' },
      /has sha256 [0-9a-f]{64}, expected 00000000\.\.\.\. Nothing was kept/,
    ],
    [
      'an error of the server',
      { ...published, url: 'https://weights.test/gone.pth' },
      /the server answers 404\. Fetch it by hand/,
    ],
    [
      'an answer cut short',
      { ...published, url: 'https://weights.test/cut.pth' },
      /cannot fetch https:\/\/weights\.test\/cut\.pth/,
    ],
  ])('keeps nothing after %s', async (name, file, message) => {
    const cache = join(folder, name);
    await expect(fetchWeights(file, { cache, fetch: fromServer })).rejects.toThrow(message);
    expect(readdirSync(cache)).toEqual([]);
  });

  it('refuses a cached file that has changed, and addresses without encryption', async () => {
    const cache = join(folder, 'changed');
    const { path } = await fetchWeights(published, { cache, fetch: fromServer });
    writeFileSync(path, 'changed');
    await expect(fetchWeights(published, { cache, fetch: fromServer })).rejects.toThrow(/Delete it to fetch it again/);
    await expect(fetchWeights({ ...published, url: 'http://weights.test/x' })).rejects.toThrow(/not an https address/);
  });
});

describe('cacheFolder', () => {
  it('is where the operating system keeps caches, unless ONESTEP_CACHE says otherwise', () => {
    expect(cacheFolder({ env: { ONESTEP_CACHE: '/c' }, platform: 'linux', home: '/h' })).toBe('/c');
    expect(cacheFolder({ env: {}, platform: 'linux', home: '/h' })).toBe(join('/h', '.cache', 'onestep'));
    expect(cacheFolder({ env: { XDG_CACHE_HOME: '/x' }, platform: 'linux', home: '/h' })).toBe(join('/x', 'onestep'));
    expect(cacheFolder({ env: {}, platform: 'darwin', home: '/h' })).toBe(join('/h', 'Library', 'Caches', 'onestep'));
  });
});
