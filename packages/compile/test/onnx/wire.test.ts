import { describe, expect, it } from 'vitest';
import { MessageWriter } from '../../src/onnx/wire';

const bytes = (writer: MessageWriter): number[] => Array.from(writer.finish());

describe('the protocol-buffer writer', () => {
  it('writes integers as varints with their field and wire type', () => {
    expect(bytes(new MessageWriter().integer(1, 150))).toEqual([0x08, 0x96, 0x01]);
    expect(bytes(new MessageWriter().integer(20, 0))).toEqual([0xa0, 0x01, 0x00]);
  });

  it('writes negative integers as 64-bit two-complement', () => {
    expect(bytes(new MessageWriter().integer(3, -1))).toEqual([0x18, ...new Array<number>(9).fill(0xff), 0x01]);
  });

  it('writes text, floats, packed integers and messages', () => {
    expect(bytes(new MessageWriter().text(2, 'hi'))).toEqual([0x12, 2, 0x68, 0x69]);
    expect(bytes(new MessageWriter().float(2, 1))).toEqual([0x15, 0, 0, 0x80, 0x3f]);
    expect(bytes(new MessageWriter().integers(8, [3, 270]))).toEqual([0x42, 3, 3, 0x8e, 0x02]);
    expect(bytes(new MessageWriter().message(7, new MessageWriter().integer(1, 1)))).toEqual([0x3a, 2, 0x08, 1]);
  });
});
