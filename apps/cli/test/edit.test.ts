import { readImage } from '@onestep/data/node';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onestep, scratchFolder } from './support/cli';
import { writePng } from './support/pictures';
import { smallRecipe, writeSmallDigits } from './support/small-data';

const scratch = scratchFolder();
const { path: cwd } = scratch;
const at = (name: string): string => join(cwd, name);
afterAll(() => scratch.remove());

/** Irregular bytes. */
const texture = (x: number, y: number, channel: number): number => (37 * x + 91 * y + 53 * channel + 7 * x * y) % 256;

beforeAll(async () => {
  writeSmallDigits(at('digits'));
  mkdirSync(at('colours'));
  for (let i = 0; i < 8; i += 1) writePng(at(`colours/${i}.png`), [8, 8, 3], (x, y, c) => texture(x + i, y, c));
  const network = (smallRecipe('') as { network: object }).network;
  const recipes = {
    ct: smallRecipe('digits', { method: 'ct', steps: 2 }),
    edm: smallRecipe('digits', { steps: 2 }),
    colour: smallRecipe('colours', { method: 'ct', steps: 1, network: { ...network, classConditional: false } }),
  };
  for (const [name, recipe] of Object.entries(recipes)) {
    writeFileSync(at(`${name}.json`), JSON.stringify(recipe));
    const { code, stderr } = await onestep(['train', `${name}.json`, '--out', name, '--no-compile'], cwd);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
  writePng(at('grey.png'), [8, 8, 1], texture);
  writePng(at('colour.png'), [8, 8, 3], texture);
  writePng(at('large.png'), [20, 16, 1], texture);
  writePng(at('low.png'), [3, 3, 1], texture);
  writePng(at('inner.png'), [6, 5, 1], texture);
  writePng(at('half.png'), [8, 8, 1], (x) => (x < 4 ? 0 : 255));
  writePng(at('black.png'), [8, 8, 1], () => 0);
  writePng(at('holes.png'), [8, 8, 4], (x, y, c) => (c < 3 ? texture(x, y, 0) : x < 4 ? 255 : 0));
}, 120_000);

async function pixels(name: string): Promise<number[]> {
  return [...(await readImage(at(name), { channels: 1 })).pixels];
}

/** Runs an edit that must work; the parsed result. */
async function edits(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await onestep(['edit', ...args, '--json'], cwd);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

describe('onestep edit', () => {
  it('inpaints what the mask has white, keeps every other byte, and writes a sheet', async () => {
    for (const model of ['ct', 'edm']) {
      const args = [
        'inpaint',
        model,
        '--image',
        'grey.png',
        '--mask',
        'half.png',
        '--steps',
        '3',
        '--sheet',
        's/sheet.png',
      ];
      const result = await edits(...args, '--out', 'inpainted.png');
      expect(result).toMatchObject({
        task: 'inpaint',
        files: ['inpainted.png'],
        nfe: 3,
        seed: 0,
        labels: [expect.any(Number)],
      });
      const [given, made] = [await pixels('grey.png'), await pixels('inpainted.png')];
      expect(made.filter((_, i) => i % 8 < 4)).toEqual(given.filter((_, i) => i % 8 < 4));
      expect(made).not.toEqual(given);
      expect(existsSync(at('s/sheet.png'))).toBe(true);
    }
  });

  it('takes transparent pixels for holes', async () => {
    await edits('inpaint', 'ct', '--image', 'holes.png', '--steps', '2', '--label', '1', '--out', 'holes-out.png');
    const [given, made] = [await pixels('grey.png'), await pixels('holes-out.png')];
    expect(made.filter((_, i) => i % 8 < 4)).toEqual(given.filter((_, i) => i % 8 < 4));
  });

  it('outpaints around the image', async () => {
    await edits('outpaint', 'ct', '--image', 'inner.png', '--margins', '1,3,1,0', '--steps', '2', '--out', 'outer.png');
    const [given, made] = [await pixels('inner.png'), await pixels('outer.png')];
    given.forEach((byte, i) => expect(made[(1 + Math.floor(i / 5)) * 8 + (i % 5)]).toBe(byte));
  });

  it('raises the resolution, also where the factor does not divide the side', async () => {
    await edits('super-resolve', 'ct', '--image', 'low.png', '--steps', '2', '--out', 'high.png');
    const [low, made] = [await pixels('low.png'), await pixels('high.png')];
    low.forEach((byte, i) => {
      const [top, left] = [3 * Math.floor(i / 3), 3 * (i % 3)];
      const block = made.filter((_, p) => Math.floor(p / 8 / 3) * 3 === top && Math.floor((p % 8) / 3) * 3 === left);
      expect(Math.abs(block.reduce((sum, value) => sum + value, 0) / block.length - byte)).toBeLessThan(1);
    });
  });

  it('gives a grey image colours of the same grey', async () => {
    await edits('colorize', 'colour', '--image', 'grey.png', '--steps', '2', '--out', 'colours.png');
    const { pixels: made } = await readImage(at('colours.png'), { channels: 3 });
    (await pixels('grey.png')).forEach((byte, i) => {
      const grey = 0.2989 * made[3 * i] + 0.587 * made[3 * i + 1] + 0.114 * made[3 * i + 2];
      expect(Math.abs(grey - byte)).toBeLessThan(1.5);
    });
  });

  it('denoises with the level told or estimated', async () => {
    expect(await edits('denoise', 'ct', '--image', 'grey.png', '--sigma', '0.3')).toMatchObject({
      sigmas: [0.3],
      nfe: 1,
    });
    const { sigmas } = await edits('denoise', 'edm', '--image', 'grey.png');
    expect((sigmas as number[])[0]).toBeGreaterThan(0.002);
  });

  it('numbers several results, the same for the same seed whatever the batch', async () => {
    const args = ['variations', 'ct', '--image', 'grey.png', '--count', '3', '--label', '0', '--strength', '0.5'];
    const { files } = await edits(...args, '--out', 'v/one.png');
    expect(files).toEqual(['v/one-1.png', 'v/one-2.png', 'v/one-3.png']);
    await edits(...args, '--batch-size', '1', '--out', 'v/two.png');
    for (const i of [1, 2, 3]) expect(readFileSync(at(`v/two-${i}.png`))).toEqual(readFileSync(at(`v/one-${i}.png`)));
    expect(readdirSync(at('v')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('interpolates between images and between samples', async () => {
    const between = [
      'interpolate',
      'edm',
      '--image',
      'grey.png',
      '--image',
      'half.png',
      '--count',
      '2',
      '--steps',
      '3',
    ];
    expect(await edits(...between, '--encode', 'invert', '--out', 'i.png')).toMatchObject({ count: 2 });
    await edits('interpolate', 'ct', '--seeds', '1:0,1:1', '--count', '3', '--out', 'walk.safetensors');
    expect(existsSync(at('walk.safetensors'))).toBe(true);
  });

  it('resizes and takes the luminance only when told', async () => {
    await edits('stroke', 'ct', '--image', 'large.png', '--resize', '--steps', '1', '--out', 'stroke.png');
    await edits('stroke', 'ct', '--image', 'colour.png', '--grayscale', '--steps', '1', '--out', 'stroke.png');
    expect(await readImage(at('stroke.png'))).toMatchObject({ width: 8, height: 8 });
  });
});

describe('onestep edit refuses', () => {
  it.each([
    ['an unknown task', ['paint', 'ct'], /Allowed choices are inpaint/],
    ['no image', ['inpaint', 'ct'], /inpaint takes one image, got 0/],
    ['an absent image', ['stroke', 'ct', '--image', 'none.png'], /none\.png does not exist/],
    [
      'an image of another size',
      ['stroke', 'ct', '--image', 'large.png'],
      /20 x 16 pixels.*8 x 8 are needed.*--resize/,
    ],
    ['colours for a grey model', ['stroke', 'ct', '--image', 'colour.png'], /has colours.*--grayscale/],
    ['no mask', ['inpaint', 'ct', '--image', 'grey.png'], /--mask: inpaint needs one/],
    ['an empty mask', ['inpaint', 'ct', '--image', 'grey.png', '--mask', 'black.png'], /leaves nothing to generate/],
    [
      'a mask of another size',
      ['inpaint', 'ct', '--image', 'grey.png', '--mask', 'low.png'],
      /3 x 3 pixels and the image 8 x 8/,
    ],
    ['a strength out of range', ['stroke', 'ct', '--image', 'grey.png', '--strength', '1.5'], /number in \(0, 1\]/],
    [
      'a flag of another task',
      ['stroke', 'ct', '--image', 'grey.png', '--mask', 'half.png'],
      /stroke has no use for it/,
    ],
    ['colorize with a grey model', ['colorize', 'ct', '--image', 'grey.png'], /needs a model of colour images/],
    ['no margins', ['outpaint', 'ct', '--image', 'inner.png'], /--margins: outpaint needs them/],
    ['margins without room', ['outpaint', 'ct', '--image', 'inner.png', '--margins', '4'], /leave none of them/],
    ['no whole fraction', ['super-resolve', 'ct', '--image', 'inner.png'], /no whole fraction/],
    [
      'inverting with a consistency model',
      ['interpolate', 'ct', '--image', 'grey.png', '--image', 'half.png', '--encode', 'invert'],
      /needs a denoiser/,
    ],
    ['one image for two', ['interpolate', 'ct', '--image', 'grey.png'], /needs two images/],
    ['a class it does not have', ['stroke', 'ct', '--image', 'grey.png', '--label', '7'], /class in \[0, 1\]/],
    ['another ending', ['stroke', 'ct', '--image', 'grey.png', '--out', 'x.gif'], /ending in \.png or \.safetensors/],
  ])('%s', async (_, args, message) => {
    const out = args.includes('--out') ? [] : ['--out', 'never.png'];
    const { code, stderr } = await onestep(['edit', ...args, ...out], cwd);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) as string });
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(at('never.png'))).toBe(false);
  });

  it('a file that is no image, with code 1, and a place that cannot be written', async () => {
    writeFileSync(at('junk.png'), 'not a picture');
    const junk = await onestep(['edit', 'stroke', 'ct', '--image', 'junk.png', '--out', 'never.png'], cwd);
    expect(junk).toMatchObject({ code: 1, stderr: expect.stringMatching(/junk\.png is not a PNG/) as string });
    const place = await onestep(['edit', 'stroke', 'ct', '--image', 'grey.png', '--out', 'junk.png/x.png'], cwd);
    expect(place).toMatchObject({ code: 1, stderr: expect.stringMatching(/junk\.png/) as string });
    expect(existsSync(at('never.png'))).toBe(false);
  });
});
