/**
 * Eight hex digits that tell lists of numbers apart (FNV-1a over their bytes as little-endian doubles). Not for
 * security: files are named by SHA-256.
 */
export function fingerprint(numbers: ArrayLike<number>): string {
  const view = new DataView(new ArrayBuffer(8));
  let hash = 0x811c9dc5;
  for (let i = 0; i < numbers.length; i += 1) {
    view.setFloat64(0, numbers[i], true);
    for (let byte = 0; byte < 8; byte += 1) hash = Math.imul(hash ^ view.getUint8(byte), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
