/**
 * The header of a NumPy array file, version 1.0: what stands before the values in C order.
 *
 * @param descr - type of a value as NumPy writes it: `|u1`, `<f4`, `<i8`
 * @returns a multiple of 64 bytes
 * @see numpy.lib.format, "Format Version 1.0"
 */
export function npyHeader(descr: '|u1' | '<f4' | '<i8', shape: readonly number[]): Uint8Array {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${axes}), }`;
  const prefix = 10;
  const length = Math.ceil((prefix + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length - prefix, true);
  bytes.set(new TextEncoder().encode(text), prefix);
  bytes[length - 1] = 0x0a;
  return bytes;
}
