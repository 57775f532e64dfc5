import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc32 } from '../../src/internal/crc32';
import { parseNpyHeader } from '../../src/internal/npy-parse';
import { openNpz } from '../../src/node';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'npz-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** As numpy.lib.format writes version 1.0. */
function npy(descr: string, shape: string, data: Uint8Array, order = 'False'): Buffer {
  const text = `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': (${shape}), }`.padEnd(117) + '\n';
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, 'latin1'), data]);
}

function zip(entries: Readonly<Record<string, Buffer>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(entries)) {
    const packed = deflateRawSync(bytes);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(bytes) >>> 0, 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

async function write(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${Math.random()}.npz`);
  await writeFile(path, bytes);
  return path;
}

const pixels = Uint8Array.from({ length: 7 * 2 * 3 }, (_, i) => i);
const images = npy("'|u1'", '7, 2, 3, 1', pixels);

async function collect(path: string, options: { from?: number; to?: number; size: number }): Promise<number[][]> {
  const file = await openNpz(path);
  const parts: number[][] = [];
  try {
    for await (const { data } of file.rows('arr_0', options)) parts.push([...data]);
  } finally {
    file.close();
  }
  return parts;
}

describe('openNpz', () => {
  it('reads rows of bytes in batches, all or some of them', async () => {
    const path = await write(zip({ 'arr_0.npy': images }));
    expect((await collect(path, { size: 3 })).map((part) => part.length / 6)).toEqual([3, 3, 1]);
    expect((await collect(path, { size: 3 })).flat()).toEqual([...pixels]);
    expect((await collect(path, { from: 2, to: 5, size: 2 })).flat()).toEqual([...pixels.slice(12, 30)]);
    await expect(collect(path, { from: 5, to: 9, size: 2 })).rejects.toThrow('to must be an integer in [5, 7]');
  });

  it('reads numbers of both widths', async () => {
    const mean = new Float64Array([0.1, -2]);
    const sigma = new Float32Array([1, 0.5, 0.5, 2]);
    const path = await write(
      zip({
        'mu.npy': npy("'<f8'", '2,', new Uint8Array(mean.buffer)),
        'sigma.npy': npy("'<f4'", '2, 2', new Uint8Array(sigma.buffer)),
      }),
    );
    const file = await openNpz(path);
    expect(file.arrays).toEqual([
      { name: 'mu', type: '<f8', shape: [2] },
      { name: 'sigma', type: '<f4', shape: [2, 2] },
    ]);
    expect((await file.numbers('mu')).data).toEqual(mean);
    expect([...(await file.numbers('sigma')).data]).toEqual([...sigma]);
    await expect(file.numbers('nu')).rejects.toThrow('has no array "nu", it holds mu, sigma');
    file.close();
  });

  it.each([
    ['objects', npy("'|O'", '1,', Buffer.from([0x80])), 'holds objects, which would run code'],
    ['records', npy("[('a', '|O')]", '1,', Buffer.from([0x80])), 'holds objects, which would run code'],
    ['Fortran order', npy("'|u1'", '7, 6', pixels, 'True'), 'is in Fortran order'],
    ['other types', npy("'<c16'", '2,', new Uint8Array(32)), 'values of type <c16'],
    ['shapes beyond the bytes', npy("'|u1'", '8, 2, 3, 1', pixels), 'takes 48 bytes, the file has 42'],
    ['absurd shapes', npy("'<f8'", '9999999999999999, 9999999999', pixels), 'which no file holds'],
    ['code in the header', npy("'|u1'", '__import__', pixels), 'has a header of another form'],
    ['no array', Buffer.from('not numpy at all'), 'is no NumPy array'],
  ])('refuses %s', async (_, array, message) => {
    await expect(openNpz(await write(zip({ 'arr_0.npy': array })))).rejects.toThrow(message);
  });

  it('refuses headers that announce too much', () => {
    const head = Buffer.alloc(64);
    head.write('\x93NUMPY\x02\x00', 'latin1');
    head.writeUInt32LE(0xffffffff, 8);
    expect(parseNpyHeader(head)).toBe('announces a header of 4294967295 bytes, expected at most 16384');
  });

  it('refuses truncated and changed archives', async () => {
    const whole = zip({ 'arr_0.npy': images });
    await expect(openNpz(await write(whole.subarray(0, whole.length - 30)))).rejects.toThrow('is a damaged archive');
    const changed = Buffer.from(zip({ 'arr_0.npy': images }));
    const central = changed.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
    changed[central + 16] ^= 1;
    await expect(collect(await write(changed), { size: 3 })).rejects.toThrow('CRC-32');
    await expect(openNpz(join(folder, 'none.npz'))).rejects.toThrow('none.npz');
  });
});
