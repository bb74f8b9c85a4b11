import { deflateRawSync } from 'node:zlib';

const source: string = '../../scripts/lib/zip.mjs';
const { readZipEntry }: { readonly readZipEntry: (archive: Buffer, name: string) => Buffer } = await import(source);

const text = 'the same line again and again\n'.repeat(200);

interface Part {
  readonly name: string;
  readonly content: string;
  readonly method: 0 | 8;
}

/** A zip archive with extra bytes in the local headers only, as some writers leave them, and a comment at the end. */
function zip(parts: readonly Part[]): Buffer {
  const chunks: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method } of parts) {
    const raw = Buffer.from(content);
    const packed = method === 8 ? deflateRawSync(raw) : raw;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    local.writeUInt16LE(4, 28);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(raw.length, 24);
    central.writeUInt16LE(Buffer.byteLength(name), 28);
    central.writeUInt32LE(offset, 42);
    const entry = Buffer.concat([local, Buffer.from(name), Buffer.alloc(4), packed]);
    chunks.push(entry);
    directory.push(central, Buffer.from(name));
    offset += entry.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(7, 20);
  return Buffer.concat([...chunks, ...directory, end, Buffer.from('comment')]);
}

const archive = zip([
  { name: 'stored.txt', content: 'stored', method: 0 },
  { name: 'data/scripts/tool', content: text, method: 8 },
]);

test('stored and deflated entries come out byte for byte', () => {
  expect(readZipEntry(archive, 'stored.txt').toString()).toBe('stored');
  expect(readZipEntry(archive, 'data/scripts/tool').toString()).toBe(text);
});

test('a missing entry is named', () => {
  expect(() => readZipEntry(archive, 'nothing')).toThrow('holds no nothing');
});

test('what is no zip archive, or is cut short, is refused', () => {
  expect(() => readZipEntry(Buffer.from('<html>not found</html>'), 'x')).toThrow('not a zip archive');
  expect(() => readZipEntry(archive.subarray(0, archive.length - 60), 'stored.txt')).toThrow('not a zip archive');
  expect(() => readZipEntry(Buffer.alloc(0), 'x')).toThrow('not a zip archive');
});
