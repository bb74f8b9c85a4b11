import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { SealedObject } from '../../core/ledger/sealed-object.ts';
import { commitmentOf, type DataKey, openObject, SealBroken, sealObject } from '../../db/sealed-object.ts';
import type { JsonObject } from '../../schemas/json.ts';

const SUBJECT = 'ab'.repeat(32);
const PLACE = { orgId: '0190aaaa-0000-7000-8000-000000000001', place: 'event/e1' };
const keyOf = (dek: Uint8Array = randomBytes(32), version = 1): DataKey => ({ subject: SUBJECT, version, dek, commitment: commitmentOf(dek) });
const KEY = keyOf();
const FIELDS = { content: 'a private sentence', tool: { args: { amount: 80 } } };
const sealed = sealObject(FIELDS, KEY, PLACE);

test('what is sealed opens in its place with its key', () => {
  const json = fc
    .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ stringUnit: 'grapheme' }))
    .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
  fc.assert(fc.property(json, (fields) => expect(openObject(sealObject(fields, KEY, PLACE), KEY, PLACE)).toEqual(fields)));
});

test('nothing of it is readable, and the same fields are sealed differently each time', () => {
  expect(JSON.stringify(sealed)).not.toContain('private');
  expect(Buffer.from(sealed.data, 'base64').toString('latin1')).not.toContain('private');
  expect(sealObject(FIELDS, KEY, PLACE).data).not.toBe(sealed.data);
});

test('the published layout: nonce of 12 bytes, tag of 16 behind the ciphertext, commitment over the key', () => {
  expect(Buffer.from(sealed.nonce, 'base64')).toHaveLength(12);
  expect(Buffer.from(sealed.data, 'base64')).toHaveLength('{"content":"a private sentence","tool":{"args":{"amount":80}}}'.length + 16);
  expect(commitmentOf(Buffer.alloc(32, 1))).toBe('018ed504990e1d310c287462b7ad1b55532205edb314603bb3aaa3e1e2079f6b');
});

test.each<[string, () => unknown]>([
  ['another organisation', () => openObject(sealed, KEY, { ...PLACE, orgId: '0190aaaa-0000-7000-8000-000000000002' })],
  ['another event', () => openObject(sealed, KEY, { ...PLACE, place: 'event/e2' })],
  ['another version', () => openObject({ ...sealed, key: 2 }, { ...KEY, version: 2 }, PLACE)],
  ['another subject', () => openObject({ ...sealed, subject: 'cd'.repeat(32) }, { ...KEY, subject: 'cd'.repeat(32) }, PLACE)],
  ['another key under the same name', () => openObject(sealed, keyOf(), PLACE)],
  [
    'another key and its commitment in the record',
    () => {
      const other = keyOf();
      return openObject({ ...sealed, commitment: other.commitment }, other, PLACE);
    },
  ],
  [
    'the ciphertext of another record',
    () => openObject({ ...sealed, data: sealObject({ content: 'other' }, KEY, { ...PLACE, place: 'event/e2' }).data }, KEY, PLACE),
  ],
  ['a ciphertext cut short', () => openObject({ ...sealed, data: sealed.data.slice(0, 16) }, KEY, PLACE)],
  ['no ciphertext', () => openObject({ ...sealed, data: '' }, KEY, PLACE)],
  ['no nonce', () => openObject({ ...sealed, nonce: '' }, KEY, PLACE)],
])('it does not open as that of %s, and says nothing of its content', (_what, open) => {
  expect(open).toThrow(SealBroken);
  expect(open).not.toThrow(/private|content/);
});

test('a flipped bit anywhere is refused', () => {
  const data = Buffer.from(sealed.data, 'base64');
  fc.assert(
    fc.property(fc.nat({ max: data.length * 8 - 1 }), (bit) => {
      const flipped = Buffer.from(data);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openObject({ ...sealed, data: flipped.toString('base64') }, KEY, PLACE)).toThrow(SealBroken);
    }),
  );
});

test('the vector of docs/spec/sealed-fields.md opens', () => {
  const [, vector = ''] = /```json\n(\{"subject".*?)\n```/s.exec(readFileSync(join(import.meta.dirname, '../../docs/spec/sealed-fields.md'), 'utf8')) ?? [];
  const key = keyOf(Buffer.alloc(32, 1));
  expect(openObject(JSON.parse(vector) as SealedObject, key, { ...PLACE, place: 'event/evt_1' })).toEqual({
    content: 'Hello Ann',
    tool: { args: { to: 'ann@example.com' } },
  });
});
