/** Types of values that are read; anything else, pickled objects above all, is refused. */
export const npyTypes = { '|u1': 1, '<f4': 4, '<f8': 8, '<i4': 4, '<i8': 8 } as const;

/** One of {@link npyTypes}. */
export type NpyType = keyof typeof npyTypes;

/** What stands before the values of a NumPy array file. */
export interface NpyHeader {
  readonly descr: NpyType;
  readonly shape: readonly number[];
  /** Bytes before the first value. */
  readonly headerBytes: number;
  /** Bytes of the values. */
  readonly dataBytes: number;
}

/** Longest header that is read (its own take 128 bytes): a file that announces more is none. */
const maxHeaderBytes = 16_384;
const prefixBytes = 12;

/** Bytes from the start of a file that are enough to read its header. */
export const npyHeadBytes = maxHeaderBytes + prefixBytes;

/**
 * Reads the header of a NumPy array file, versions 1 to 3. The text is matched, never evaluated.
 *
 * @param head - the file's first {@link npyHeadBytes}, or all of a shorter file
 * @returns the header, or what is wrong with it, to follow the name of the file
 * @see numpy.lib.format
 */
export function parseNpyHeader(head: Uint8Array): NpyHeader | string {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (head.length < prefixBytes || magic.some((byte, i) => head[i] !== byte)) return 'is no NumPy array';
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = head[6];
  if (version < 1 || version > 3) return `has version ${version} of NumPy's format, expected 1 to 3`;
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeaderBytes) return `announces a header of ${length} bytes, expected at most ${maxHeaderBytes}`;
  if (start + length > head.length) return 'ends in its header';
  const text = new TextDecoder('latin1').decode(head.subarray(start, start + length));
  const match =
    /^\{'descr': '([^']{1,16})', 'fortran_order': (True|False), 'shape': \(((?:\d{1,16}, ?)*\d{0,16})\),? ?\}\s*$/.exec(
      text,
    );
  if (match === null) {
    const pickled = /'descr': '\|?O/.test(text) || text.includes("'descr': [");
    return pickled ? 'holds objects, which would run code when read; expected numbers' : 'has a header of another form';
  }
  const [, descr, order, axes] = match;
  if (descr.includes('O')) return 'holds objects, which would run code when read; expected numbers';
  if (!Object.hasOwn(npyTypes, descr))
    return `holds values of type ${descr}, expected ${Object.keys(npyTypes).join(', ')}`;
  if (order === 'True') return 'is in Fortran order, expected C order (numpy.ascontiguousarray)';
  const shape = axes
    .split(',')
    .filter((axis) => axis.trim() !== '')
    .map(Number);
  const dataBytes = shape.reduce((product, extent) => product * extent, npyTypes[descr as NpyType]);
  if (!Number.isSafeInteger(dataBytes)) return `announces a shape of [${shape.join(', ')}], which no file holds`;
  return { descr: descr as NpyType, shape, headerBytes: start + length, dataBytes };
}
