import { createPublicKey, hash, verify as verifySignature } from 'node:crypto';
import { formatVkey, keyIdOf, parseNote, parseVkey, SIGNATURE_TYPE } from '../../../core/ledger/note.ts';
import type { Ed25519Verify } from '../../../core/ledger/note.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
const verify: Ed25519Verify = (publicKey, message, signature) =>
  verifySignature(
    null,
    message,
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }, format: 'jwk' }),
    signature,
  );

/** The example of c2sp.org/signed-note, and that of Go's package note. */
const EXAMPLES = [
  {
    vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    note: 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
  },
  {
    vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    note:
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
  },
];

describe('signed notes of others', () => {
  test.each(EXAMPLES)('$vkey verifies its note', ({ vkey, note }) => {
    const key = parseVkey(vkey, sha256);
    const { text, signatures } = parseNote(note) ?? { text: '', signatures: [] };
    const [signature] = signatures;
    expect(key).toMatchObject({ name: signature?.name, keyId: signature?.keyId, type: SIGNATURE_TYPE.ed25519 });
    expect(verify(key?.publicKey ?? Buffer.alloc(32), Buffer.from(text), signature?.signature ?? Buffer.alloc(64))).toBe(true);
    expect(verify(key?.publicKey ?? Buffer.alloc(32), Buffer.from(`${text} `), signature?.signature ?? Buffer.alloc(64))).toBe(false);
  });
});

describe('verifier keys', () => {
  const vkey = EXAMPLES[0]?.vkey ?? '';

  test('are written as they are read', () => {
    const key = parseVkey(vkey, sha256);
    expect(key && formatVkey(key, sha256)).toBe(vkey);
  });

  test('a key that signs times has another id than the same key that signs texts', () => {
    const publicKey = parseVkey(vkey, sha256)?.publicKey ?? Buffer.alloc(32);
    const asTime = formatVkey({ name: 'example.com/foo', type: SIGNATURE_TYPE.cosignature, publicKey }, sha256);
    expect(parseVkey(asTime, sha256)).toMatchObject({ type: 0x04 });
    expect(keyIdOf({ name: 'example.com/foo', type: 0x04, publicKey }, sha256)).not.toEqual(
      keyIdOf({ name: 'example.com/foo', type: 0x01, publicKey }, sha256),
    );
  });

  test.each([
    ['another key id', vkey.replace('530d903a', '530d903b')],
    ['another name', vkey.replace('foo', 'bar')],
    ['an upper-case key id', vkey.replace('530d903a', '530D903A')],
    ['no name', vkey.replace('example.com/foo', '')],
    ['a name with a space', vkey.replace('foo', 'f oo')],
    ['a type that is not known', vkey.replace('+Ae', '+Be')],
    ['a short key', vkey.slice(0, -4)],
    ['padding', `${vkey}=`],
    ['nothing', ''],
  ])('%s is no verifier key', (_, text) => {
    expect(parseVkey(text, sha256)).toBeUndefined();
  });
});

describe('parseNote', () => {
  const note = EXAMPLES[0]?.note ?? '';

  test('divides at the last empty line, and keeps those of the text', () => {
    const { text, signatures } = parseNote(`first\n\nsecond\n\n${note.slice(note.indexOf('—'))}`) ?? {};
    expect(text).toBe('first\n\nsecond\n');
    expect(signatures).toHaveLength(1);
  });

  test.each([
    ['without signatures', 'text\n\n'],
    ['without an empty line', note.replace('\n\n', '\n')],
    ['without its last line feed', note.slice(0, -1)],
    ['with a control character', note.replace('example', 'exam\tple')],
    ['with a carriage return', note.replaceAll('\n', '\r\n')],
    ['with a hyphen for the dash', note.replace('—', '-')],
    ['with a name that has a plus', note.replace('/foo', '/f+o')],
    ['with a signature that is only a key id', note.replace(/[^ ]+\n$/, 'Uw2QOg==\n')],
    ['with base64 that is not canonical', note.replace('=\n', '\n')],
    ['with something behind', `${note}more\n`],
    ['that is only a signature', note.slice(note.indexOf('—'))],
  ])('a text %s is no note', (_, text) => {
    expect(text).not.toBe(note);
    expect(parseNote(text)).toBeUndefined();
  });
});
