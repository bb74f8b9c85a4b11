import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;

/**
 * The content of one file in a zip archive. No zip64, no encryption: a Python wheel needs neither.
 * Field offsets are those of the PKWARE APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16.
 * @param {Buffer} archive
 * @param {string} name full name inside the archive
 * @returns {Buffer}
 */
export function readZipEntry(archive, name) {
  const entry = directoryOf(archive).find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`the archive holds no ${name}`);
  if (archive.readUInt32LE(entry.offset) !== LOCAL_ENTRY) throw new Error('the archive is damaged: no local header where one should be');
  // The lengths in the local header may differ from those in the directory.
  const start = entry.offset + 30 + archive.readUInt16LE(entry.offset + 26) + archive.readUInt16LE(entry.offset + 28);
  const packed = archive.subarray(start, start + entry.packedBytes);
  const content = unpack(packed, entry);
  if (content.length !== entry.bytes) throw new Error(`${name} has ${content.length} bytes instead of ${entry.bytes}`);
  return content;
}

/** @param {Buffer} packed @param {{ method: number, bytes: number }} entry */
function unpack(packed, { method, bytes }) {
  if (method === 0) return packed;
  if (method === 8) return inflateRawSync(packed, { maxOutputLength: Math.max(bytes, 1) });
  throw new Error(`the archive uses compression method ${method}, only stored and deflated are read`);
}

/** @param {Buffer} archive */
function directoryOf(archive) {
  const end = endRecordOf(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  const entries = [];
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('the archive is damaged: its directory is cut short');
    const nameBytes = archive.readUInt16LE(at + 28);
    entries.push({
      name: archive.toString('utf8', at + 46, at + 46 + nameBytes),
      method: archive.readUInt16LE(at + 10),
      packedBytes: archive.readUInt32LE(at + 20),
      bytes: archive.readUInt32LE(at + 24),
      offset: archive.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}

/** The end record stands before a comment of at most 65,535 bytes. @param {Buffer} archive */
function endRecordOf(archive) {
  const first = Math.max(0, archive.length - 22 - 65_535);
  for (let at = archive.length - 22; at >= first; at -= 1) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error('this is not a zip archive');
}
