import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PageResult } from './page';
import { servePage } from './serve';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
let browser: Browser;
let page: Page;
let server: Awaited<ReturnType<typeof servePage>>;

beforeAll(async () => {
  const executablePath = process.env.CHROMIUM ?? places.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(`no Chromium at ${places.join(', ')}: install one, or name it in the variable CHROMIUM.`);
  }
  server = await servePage();
  browser = await chromium.launch({
    executablePath,
    // WebGPU on a machine without a GPU: Chromium's own software rasteriser.
    args: [
      ...['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update'],
      ...['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
    ],
  });
  page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error));
  await page.goto(server.url);
  await page.waitForFunction('globalThis.onestepRun !== undefined');
});

afterAll(async () => {
  await browser.close();
  server.close();
});

const run = (provider: 'wasm' | 'webgpu', threads: number): Promise<PageResult> =>
  page.evaluate(`onestepRun(${JSON.stringify({ provider, threads })})`);

describe('in a real browser', () => {
  it.each([1, 2])(
    'onnxruntime-web trains and samples as eager TensorFlow.js does, wasm with %i threads',
    async (threads) => {
      const result = await run('wasm', threads);
      expect(result.executor).toMatch(/^ONNX Runtime \d+\.\d+ \(wasm, \d threads?\)$/);
      expect(result.isolated).toBe(true);
      for (const error of result.lossErrors) expect(error).toBeLessThan(1e-5);
      expect(result.lossErrors[0]).toBeLessThan(1e-6);
      expect(result.stateError).toBeLessThan(1e-5);
      expect(result.networkError).toBeLessThan(1e-5);
      expect(result.leakedTensors).toBe(0);
    },
  );

  it('and through WebGPU where the browser lends an adapter', async ({ skip }) => {
    const adapter = await page.evaluate<string | undefined>('onestepGpu()');
    if (adapter === undefined) skip('no WebGPU adapter in this browser');
    const result = await run('webgpu', 1);
    console.info(`WebGPU adapter: ${adapter}; ${JSON.stringify(result)}`);
    for (const error of result.lossErrors) expect(error).toBeLessThan(1e-4);
    expect(result.stateError).toBeLessThan(1e-3);
    expect(result.networkError).toBeLessThan(1e-4);
  });
});
