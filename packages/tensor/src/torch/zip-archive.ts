import { ByteReader } from './byte-reader';
import { badTorchFile, maxEntries, printed } from './limits';

const endSignature = 0x06054b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const largestComment = 0xffff;
/** Marks a number that stands in a 64-bit field elsewhere. */
const elsewhere = 0xffffffff;

/** Files of an archive by name; views into its bytes, undefined for those that are compressed or encrypted. */
export type Archive = ReadonlyMap<string, Uint8Array | undefined>;

/**
 * Lists a zip archive whose files are stored as they are, which is how `torch.save` writes them.
 *
 * @throws OnestepError `bad-weight-file` for repeated or overlapping files, for numbers that point
 * outside the archive, and for archives of 4 GiB and more
 */
export function readStoredZip(bytes: Uint8Array): Archive {
  const { count, start, end } = findDirectory(bytes);
  const reader = new ByteReader(bytes, start, end);
  const files = new Map<string, Uint8Array | undefined>();
  const spans: (readonly [start: number, end: number])[] = [];
  for (let i = 0; i < count; i += 1) {
    const { name, size, stored, headerAt } = readEntry(reader);
    if (files.has(name)) throw badTorchFile(`the archive holds ${printed(name)} twice`);
    const header = new ByteReader(bytes, headerAt, start);
    if (header.uint32() !== localSignature) throw badTorchFile(`${printed(name)} does not begin at byte ${headerAt}`);
    header.skip(22);
    const [nameLength, extraLength] = [header.uint16(), header.uint16()];
    header.skip(nameLength + extraLength);
    const from = header.position;
    const data = header.take(size);
    files.set(name, stored ? data : undefined);
    spans.push([headerAt, from + size]);
  }
  spans.sort(([a], [b]) => a - b);
  spans.forEach(([from], i) => {
    if (i > 0 && from < spans[i - 1][1]) throw badTorchFile(`two files of the archive overlap at byte ${from}`);
  });
  return files;
}

/** The directory stands at the end, behind it a record that says where, and behind that at most a comment. */
function findDirectory(bytes: Uint8Array): { readonly count: number; readonly start: number; readonly end: number } {
  const first = Math.max(0, bytes.length - endBytes - largestComment);
  for (let at = bytes.length - endBytes; at >= first; at -= 1) {
    if (bytes[at] !== 0x50) continue;
    const reader = new ByteReader(bytes, at);
    if (reader.uint32() !== endSignature) continue;
    reader.skip(4);
    const [here, count, size, start] = [reader.uint16(), reader.uint16(), reader.uint32(), reader.uint32()];
    if (start === elsewhere || count === 0xffff) {
      throw badTorchFile('the archive is of the 64-bit kind (4 GiB or 65535 files), which is not read. Convert it to safetensors'); // prettier-ignore
    }
    if (here !== count || count > maxEntries || start + size > at) {
      throw badTorchFile(
        `the directory of the archive (${count} files, ${size} bytes from ${start}) does not fit in it`,
      );
    }
    return { count, start, end: start + size };
  }
  throw badTorchFile('the archive has no directory at its end; it is cut short');
}

interface ArchiveEntry {
  readonly name: string;
  /** Bytes in the archive. */
  readonly size: number;
  /** Neither compressed nor encrypted. */
  readonly stored: boolean;
  readonly headerAt: number;
}

function readEntry(reader: ByteReader): ArchiveEntry {
  const at = reader.position;
  if (reader.uint32() !== centralSignature) throw badTorchFile(`the directory of the archive is damaged at byte ${at}`);
  reader.skip(4);
  const [flags, method] = [reader.uint16(), reader.uint16()];
  reader.skip(8);
  const [size, unpacked] = [reader.uint32(), reader.uint32()];
  const [nameLength, extraLength, commentLength] = [reader.uint16(), reader.uint16(), reader.uint16()];
  reader.skip(8);
  const headerAt = reader.uint32();
  const name = reader.text(nameLength);
  reader.skip(extraLength + commentLength);
  if (size === elsewhere || unpacked === elsewhere || headerAt === elsewhere) {
    throw badTorchFile(`${printed(name)} has its size in 64 bits, which is not read. Convert the file to safetensors`);
  }
  return { name, size, stored: method === 0 && (flags & 1) === 0 && size === unpacked, headerAt };
}
