import { badTorchFile } from './limits';

/** Reads little-endian numbers and text from bytes, and refuses to read beyond them. */
export class ByteReader {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    public position = 0,
    readonly end = bytes.length,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves over `count` bytes and returns where they begin. */
  skip(count: number): number {
    const start = this.position;
    if (!(count <= this.end - start)) {
      throw badTorchFile(
        `byte ${start} announces ${count} bytes, but only ${this.end - start} follow; it is cut short`,
      );
    }
    this.position = start + count;
    return start;
  }

  take(count: number): Uint8Array {
    const start = this.skip(count);
    return this.bytes.subarray(start, start + count);
  }

  uint8(): number {
    return this.bytes[this.skip(1)];
  }
  uint16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }
  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }
  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }
  uint64(): number {
    const value = this.#view.getBigUint64(this.skip(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw badTorchFile(`byte ${this.position - 8} holds a size of ${value}`);
    return Number(value);
  }
  /** Pickles write floats with the largest byte first. */
  bigEndianFloat64(): number {
    return this.#view.getFloat64(this.skip(8), false);
  }

  text(count: number): string {
    const start = this.position;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.take(count));
    } catch (cause) {
      if (cause instanceof TypeError) throw badTorchFile(`the text at byte ${start} is not valid UTF-8`);
      throw cause;
    }
  }

  /** Text up to the next line feed. */
  line(): string {
    const length = this.bytes.subarray(this.position, this.end).indexOf(0x0a);
    if (length < 0) throw badTorchFile(`the line at byte ${this.position} does not end; it is cut short`);
    const text = this.text(length);
    this.position += 1;
    return text;
  }
}
