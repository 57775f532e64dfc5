import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OnestepError, readTorchFile } from '../../src/index';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))));

interface Expected {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
const expected = JSON.parse(new TextDecoder().decode(fixture('expected.json'))) as Record<string, Expected>;

const text = (value: string): number[] => [...new TextEncoder().encode(value)];
const uint32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const uint64 = (value: number): number[] => [...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)];
const unicode = (value: string): number[] => [0x58, ...uint32(text(value).length), ...text(value)];
const global = (module: string, name: string): number[] => [0x63, ...text(`${module}\n${name}\n`)];
const int = (value: number): number[] => [0x4a, ...uint32(value)];
const tuple = (...items: number[][]): number[] => [0x28, ...items.flat(), 0x74];
const pickle = (...body: number[][]): number[] => [0x80, 2, ...body.flat(), 0x2e];

/** A file of the older format around the instructions that make its object. */
function legacy(
  body: readonly number[],
  storages: readonly (readonly [key: string, floats: number[]])[] = [],
): Uint8Array {
  const magic = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  return Uint8Array.from([
    ...pickle(magic),
    ...pickle([0x4d, 0xe9, 0x03]),
    ...pickle([0x7d]),
    ...pickle([...body]),
    ...pickle([0x5d, 0x28, ...storages.flatMap(([key]) => unicode(key)), 0x65]),
    ...storages.flatMap(([, values]) => [
      ...uint64(values.length),
      ...new Uint8Array(Float32Array.from(values).buffer),
    ]),
  ]);
}

/** The instructions that make a tensor of storage `key`. */
function tensor(
  shape: number[],
  strides: number[],
  { key = '0', count = 4, offset = 0, kind = 'FloatStorage', view = [0x4e] } = {},
): number[] {
  const storage = [
    ...tuple(unicode('storage'), global('torch', kind), unicode(key), unicode('cpu'), int(count), view),
    0x51,
  ];
  const args = tuple(storage, int(offset), tuple(...shape.map(int)), tuple(...strides.map(int)));
  return [...global('torch._utils', '_rebuild_tensor'), ...args, 0x52];
}

const dict = (...entries: (readonly [string, number[]])[]): number[] => [
  0x7d,
  0x28,
  ...entries.flatMap(([key, value]) => [...unicode(key), ...value]),
  0x75,
];

function refusal(bytes: Uint8Array): string {
  try {
    readTorchFile(bytes);
  } catch (error) {
    if (error instanceof OnestepError && error.code === 'bad-weight-file') return error.message;
    throw error;
  }
  throw new Error('the file was read');
}

describe('readTorchFile', () => {
  it.each(['zip.pt', 'legacy.pt'])(
    'reads every tensor that PyTorch wrote into %s, of every type and layout',
    (name) => {
      const read = readTorchFile(fixture(name));
      expect(Object.keys(read)).toEqual(Object.keys(expected).sort());
      for (const [key, { shape, data }] of Object.entries(expected)) {
        expect(read[key].shape, key).toEqual(shape);
        expect([...read[key].data], key).toEqual(data);
      }
      expect(read['dtypes.float16'].dtype).toBe('float32');
      expect(read['dtypes.int64'].dtype).toBe('int32');
    },
  );

  it('gives tensors that share a storage arrays of their own', () => {
    const read = readTorchFile(fixture('legacy.pt'));
    read['views.whole'].data.fill(0);
    expect([...read['views.slice'].data]).toEqual(expected['views.slice'].data);
  });

  it('reads parameters as versions before 0.2 wrote them', () => {
    expect([...readTorchFile(fixture('early.pt')).weight.data]).toEqual([1, 2]);
  });

  it('reads a slice of a storage as versions before 0.4 wrote them', () => {
    const view = tuple(unicode('1'), int(1), int(2));
    const read = readTorchFile(legacy(tensor([2], [1], { view }), [['0', [1, 2, 3, 4]]]));
    expect([...read.tensor.data]).toEqual([2, 3]);
    expect(refusal(legacy(tensor([3], [1], { view }), [['0', [1, 2, 3, 4]]]))).toMatch(
      /reads element 2 of a storage with 2/,
    );
  });

  it('decodes only what is asked for', () => {
    const read = readTorchFile(fixture('zip.pt'), { include: (name) => name.startsWith('views.') });
    expect(Object.keys(read)).toEqual(
      Object.keys(expected)
        .filter((name) => name.startsWith('views.'))
        .sort(),
    );
  });

  it('reads its input where it stands inside a larger buffer', () => {
    const bytes = fixture('zip.pt');
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect([...readTorchFile(shifted.subarray(3)).scalar.data]).toEqual([7]);
  });
});

describe('readTorchFile refuses', () => {
  it.each([
    ['module.pt', /"torch\.nn\.modules\.linear\.Linear", which is not data/],
    ['function.pt', /which is not data\. Files are read, never executed/],
    ['torchscript.pt', /TorchScript program/],
  ])('%s by name', (name, message) => {
    expect(refusal(fixture(name))).toMatch(message);
  });

  it('the classic attack: a call of os.system', () => {
    const bytes = legacy([...global('os', 'system'), ...tuple(unicode('echo')), 0x52]);
    expect(refusal(bytes)).toMatch(/"os\.system", which is not data/);
  });

  it('a call of a type on the list', () => {
    expect(refusal(legacy([...global('torch', 'FloatStorage'), ...tuple(), 0x52]))).toMatch(/a type, not a function/);
  });

  it('windows that reach outside their storage', () => {
    const four = [['0', [1, 2, 3, 4]]] as const;
    const read = (body: number[]): string => refusal(legacy(body, four as never));
    expect(read(tensor([5], [1]))).toMatch(/reads element 4 of a storage with 4/);
    expect(read(tensor([2], [4]))).toMatch(/reads element 4/);
    expect(read(tensor([1], [1], { offset: 4 }))).toMatch(/reads element 4/);
    expect(read(tensor([1], [1], { offset: -1 }))).toMatch(/offset -1/);
    expect(read(tensor([2], [-1], { offset: 1 }))).toMatch(/strides \[-1\]/);
    expect(read(tensor([-2], [1]))).toMatch(/shape \[-2\]/);
    expect(read(tensor([2], [1, 1]))).toMatch(/strides/);
  });

  it('a small file that unfolds to billions of elements', () => {
    const huge = tensor([65536, 32768], [0, 0]);
    expect(refusal(legacy(huge, [['0', [1, 2, 3, 4]]]))).toMatch(/2147483648 elements in all/);
    const overflowing = tensor([2 ** 30, 2 ** 30, 2 ** 30], [0, 0, 0]);
    expect(refusal(legacy(overflowing, [['0', [1, 2, 3, 4]]]))).toMatch(/a tensor has the shape/);
  });

  it('storages that are missing, short or described twice', () => {
    expect(refusal(legacy(tensor([4], [1])))).toMatch(/no data for storage 0/);
    expect(refusal(legacy(tensor([4], [1]), [['0', [1, 2]]]))).toMatch(/should have 4 elements, it has 2/);
    const two = dict(['a', tensor([1], [1])], ['b', tensor([1], [1], { kind: 'IntStorage' })]);
    expect(refusal(legacy(two, [['0', [1, 2, 3, 4]]]))).toMatch(/described in two ways/);
    const cut = legacy(tensor([4], [1]), [['0', [1, 2, 3, 4]]]);
    expect(refusal(cut.subarray(0, cut.length - 1))).toMatch(/cut short/);
  });

  it('dictionaries that hold themselves, and dictionaries that double at every level', () => {
    const itself = [0x7d, 0x71, 0, ...unicode('a'), 0x68, 0, 0x73];
    expect(refusal(legacy(itself))).toMatch(/nested more than 16 deep/);
    let bomb = [0x5d, 0x71, 0];
    for (let level = 1; level <= 16; level += 1) {
      const twenty = Array.from({ length: 20 }, () => [0x68, level - 1]).flat();
      bomb = [...bomb, 0x5d, 0x71, level, 0x28, ...twenty, 0x65];
    }
    expect(refusal(legacy(bomb))).toMatch(/nests more than 400000 values/);
  });

  it('deep nesting, without running out of stack', () => {
    const deep = [...new Array<number>(100_000).fill(0x5d), ...new Array<number>(99_999).fill(0x61)];
    expect(refusal(legacy(deep))).toMatch(/nested more than 16 deep/);
  });

  it('names that would reach an object prototype or hide one another', () => {
    const values = [['0', [1, 2, 3, 4]]] as [string, number[]][];
    expect(refusal(legacy(dict(['__proto__', tensor([1], [1])]), values))).toMatch(/reserved/);
    const twice = dict(['a.b', tensor([1], [1])], ['a', dict(['b', tensor([1], [1])])]);
    expect(refusal(legacy(twice, values))).toMatch(/two tensors have the name "a\.b"/);
  });

  it('announced lengths that are not there', () => {
    expect(refusal(legacy([0x58, 255, 255, 255, 255]))).toMatch(/announces 4294967295 bytes/);
    expect(refusal(legacy([0x8b, 64, 0, 0, 0, ...new Array<number>(64).fill(1)]))).toMatch(/integer of 64 bytes/);
    expect(refusal(legacy([0x68, 9]))).toMatch(/recalls entry 9/);
    expect(refusal(legacy([0x74]))).toMatch(/group that was not opened/);
    expect(refusal(legacy([0x61]))).toMatch(/a value that is not there/);
  });

  it('other files', () => {
    expect(refusal(new Uint8Array(0))).toMatch(/0 bytes/);
    expect(refusal(new TextEncoder().encode('<html>not found</html>'))).toMatch(/begins with the bytes 3c 68 74 6d/);
    expect(refusal(Uint8Array.from(pickle([0x4b, 1])))).toMatch(/not one of torch\.save/);
    expect(refusal(fixture('zip.pt').subarray(0, 3000))).toMatch(/no directory at its end/);
  });

  it('archives with compressed, repeated or displaced files', () => {
    const bytes = fixture('linear.pt');
    const directory = new DataView(bytes.buffer).getUint32(bytes.length - 6, true);
    const changed = (at: number, ...values: number[]): Uint8Array => {
      const copy = bytes.slice();
      copy.set(values, directory + at);
      return copy;
    };
    expect(refusal(changed(10, 8))).toMatch(/compressed or encrypted/);
    expect(refusal(changed(42, 255, 255, 255, 0))).toMatch(/cut short/);
    expect(refusal(changed(0, 0))).toMatch(/directory of the archive is damaged at byte/);
    expect(refusal(changed(20, ...uint32(0xffffffff)))).toMatch(/64 bits/);
  });

  it.each(['zip.pt', 'legacy.pt', 'early.pt'])('nothing but clearly: %s with any bytes changed or cut off', (name) => {
    const original = fixture(name);
    const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 8 }),
        fc.integer({ min: 1, max: original.length }),
        (changes, length) => {
          const bytes = original.slice(0, changes.length % 2 === 0 ? original.length : length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          try {
            readTorchFile(bytes);
          } catch (error) {
            if (!(error instanceof OnestepError)) throw error;
            expect(error.code).toBe('bad-weight-file');
            expect(error.message.length).toBeLessThan(600);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
