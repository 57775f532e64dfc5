import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';

/** Writes an 8-bit PNG: 1 channel grey, 3 colour, 4 colour and opacity. `value` gives byte `channel` of pixel (x, y). */
export function writePng(
  path: string,
  [height, width, channels]: readonly [number, number, 1 | 3 | 4],
  value: (x: number, y: number, channel: number) => number,
): string {
  const rows = Buffer.alloc(height * (1 + width * channels));
  for (let y = 0; y < height; y += 1) {
    for (let i = 0; i < width * channels; i += 1) {
      rows[y * (1 + width * channels) + 1 + i] = value(Math.floor(i / channels), y, i % channels);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, { 1: 0, 3: 2, 4: 6 }[channels]], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(8 + body.length);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc(body), 4 + body.length);
  return framed;
}

/** CRC-32 as PNG has it. */
function crc(bytes: Buffer): number {
  let state = 0xffffffff;
  for (const byte of bytes) {
    state ^= byte;
    for (let bit = 0; bit < 8; bit += 1) state = state & 1 ? (state >>> 1) ^ 0xedb88320 : state >>> 1;
  }
  return (state ^ 0xffffffff) >>> 0;
}
