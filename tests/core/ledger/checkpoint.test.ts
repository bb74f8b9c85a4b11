import { hash, sign } from 'node:crypto';
import { openCheckpoint, parseTreeHead, signCheckpoint } from '../../../core/ledger/checkpoint.ts';
import { parseVkey } from '../../../core/ledger/note.ts';
import type { NoteSigner, Vkey } from '../../../core/ledger/note.ts';
import { nodePrimitives } from '../../../cli/verify/node-primitives.ts';
import { signatureLine, signedNote, testKey } from '../../support/note-signer.ts';
import type { TestKey } from '../../support/note-signer.ts';

const { verify } = nodePrimitives;
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
const ORIGIN = 'ledger.example.com/mg/org/0190aaaa-0000-7000-8000-000000000001';
const logKey = testKey(ORIGIN, 1, 'log');
const nextLogKey = testKey(ORIGIN, 1, 'next log');
const timeKey = testKey('ledger.example.com/mg/time', 4, 'time');
const witness = testKey('witness.example.com', 4, 'witness');
const root = sha256(Buffer.from('root'));
const seconds = 1_767_225_600;
const vkeyOf = ({ vkey }: TestKey): Vkey => parseVkey(vkey, sha256) as Vkey;
const signerOf = (key: TestKey): NoteSigner => ({ name: key.name, publicKey: vkeyOf(key).publicKey, sign: (message) => sign(null, message, key.privateKey) });
const keys = [logKey, timeKey].map(vkeyOf);
const noteBy = (...signers: TestKey[]): string => signedNote({ origin: ORIGIN, size: 7, root, seconds, keys: signers });
const note = noteBy(logKey, timeKey);

describe('signCheckpoint', () => {
  test('writes the note that the formats of C2SP say, byte for byte, with the time cut to whole seconds', () => {
    const signed = signCheckpoint({
      origin: ORIGIN,
      size: 7,
      root,
      atMs: seconds * 1_000 + 999,
      logKeys: [signerOf(logKey)],
      timeKey: signerOf(timeKey),
      sha256,
    });
    expect(signed).toBe(note);
  });

  test('carries both signatures while a key is replaced, and opens with either key', () => {
    const logKeys = [logKey, nextLogKey].map(signerOf);
    const signed = signCheckpoint({ origin: ORIGIN, size: 7, root, atMs: seconds * 1_000, logKeys, timeKey: signerOf(timeKey), sha256 });
    expect(signed).toBe(noteBy(logKey, nextLogKey, timeKey));
    for (const key of [logKey, nextLogKey]) expect(openCheckpoint(signed, [vkeyOf(key), vkeyOf(timeKey)], verify)).toMatchObject({ size: 7 });
  });
});

describe('openCheckpoint', () => {
  test('says what was signed, and when', () => {
    expect(openCheckpoint(note, keys, verify)).toEqual({ origin: ORIGIN, size: 7, root: Buffer.from(root), atMs: seconds * 1_000 });
  });

  test('passes over signatures by keys that are not known', () => {
    expect(openCheckpoint(noteBy(witness, logKey, nextLogKey, timeKey), keys, verify)).toMatchObject({ size: 7 });
  });

  test('of two times the first one counts', () => {
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const later = note + signatureLine(witness, text, seconds + 5);
    expect(openCheckpoint(later, [...keys, vkeyOf(witness)], verify)).toMatchObject({ atMs: seconds * 1_000 });
  });

  test.each<[string, string, Vkey[], string]>([
    ['no signature of the log', noteBy(timeKey), keys, 'no signature of the log'],
    ['a log key that is not known', noteBy(nextLogKey, timeKey), keys, 'no signature of the log'],
    ['no time', noteBy(logKey), keys, 'no signed time'],
    ['a key of another log', signedNote({ origin: `${ORIGIN}x`, size: 7, root, seconds, keys: [logKey, timeKey] }), keys, 'no signature of the log'],
    ['another size under the signatures', note.replace('\n7\n', '\n8\n'), keys, 'a signature that does not verify'],
    [
      'one known signature that is wrong beside one that is right',
      noteBy(logKey, timeKey) + spoiledLine(nextLogKey),
      [...keys, vkeyOf(nextLogKey)],
      'a signature that does not verify',
    ],
    ['another time under the cosignature', withOtherTime(), keys, 'a signature that does not verify'],
    ['extension lines', note.replace('=\n\n', '=\nextension\n\n'), keys, 'no checkpoint'],
    ['no note at all', 'nothing', keys, 'no checkpoint'],
  ])('%s: refused', (_, text, vkeys, problem) => {
    expect(openCheckpoint(text, vkeys, verify)).toEqual({ problem });
  });

  test('asks for the origin and the keys that it is told to', () => {
    expect(openCheckpoint(note, keys, verify, { origin: 'other.example.com' })).toEqual({ problem: 'another origin' });
    expect(openCheckpoint(note, keys, verify, { origin: ORIGIN, signedBy: [] })).toEqual({ problem: 'no signature of the log' });
  });
});

describe('parseTreeHead', () => {
  const encoded = Buffer.from(root).toString('base64');

  test.each([
    ['a leading zero', `${ORIGIN}\n07\n${encoded}\n`],
    ['a sign', `${ORIGIN}\n+7\n${encoded}\n`],
    ['a size beyond 2^53', `${ORIGIN}\n9007199254740992\n${encoded}\n`],
    ['a short root', `${ORIGIN}\n7\n${encoded.slice(0, 40)}=\n`],
    ['no origin', `\n7\n${encoded}\n`],
    ['no last line feed', `${ORIGIN}\n7\n${encoded}`],
  ])('%s is no tree head', (_, text) => {
    expect(parseTreeHead(text)).toBeUndefined();
  });

  test('the empty tree has one', () => {
    expect(parseTreeHead(`${ORIGIN}\n0\n${encoded}\n`)).toEqual({ origin: ORIGIN, size: 0, root: new Uint8Array(root) });
  });
});

function spoiledLine(key: TestKey): string {
  return signatureLine(key, 'another text\n', seconds);
}

/** The cosignature of one time under another. */
function withOtherTime(): string {
  const line = note.split('\n').at(-2) ?? '';
  const [, name = '', encoded = ''] = line.split(' ');
  const bytes = Buffer.from(encoded, 'base64');
  bytes[11] = (bytes[11] ?? 0) ^ 1;
  return note.replace(line, `— ${name} ${bytes.toString('base64')}`);
}
