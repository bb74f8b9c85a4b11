import { hashOf } from '../support/ledger-export.ts';
import type { TestEntry } from '../support/ledger-export.ts';
import { smallLedger, START_MS, withKept } from '../support/ledger-export-samples.ts';
import {
  dropFile,
  dropLine,
  editLine,
  editLines,
  editText,
  edits,
  insertLine,
  repeatLine,
  replaceInLine,
  setFile,
  setLine,
  swapLines,
} from '../support/edit-export.ts';
import type { Edit } from '../support/edit-export.ts';
import { describeVerifiers, expectBoth } from '../support/run-verifiers.ts';
import type { Expected } from '../support/run-verifiers.ts';

const OTHER_HASH = 'c'.repeat(64);
const OTHER_ID = '00000000-0000-4000-8000-000000000000';
const FILE = 'entries.ndjson';
const small = smallLedger();
const files = withKept(small);

/** Entry 3 is a violation at 2,000 ms with a body; the first checkpoint is of six entries. */
const entryOf = (seq: number): TestEntry => {
  const entry = small.entries[seq];
  if (entry === undefined) throw new Error(`no entry ${seq}`);
  return entry;
};
const set = (members: object): Edit => setLine(FILE, 3, members);

/** What one line that cannot be read comes to. */
const LOST = ['ENTRY_MISMATCH entry:4', 'GAP entry:3', 'MALFORMED file:entries.ndjson', 'ORPHAN_BODY body:3', 'ROOT_MISMATCH checkpoint:1'];

/** An entry 4 of somebody else, linked as it should be. */
function foreignEntry(): string {
  const { kind, at, retain } = entryOf(4);
  const entry = { ...entryOf(4), id: OTHER_ID, bodyHash: OTHER_HASH };
  const hash = hashOf(small, entry, entryOf(3).hash);
  return JSON.stringify({ seq: 4, kind, id: OTHER_ID, at, retain, body: OTHER_HASH, hash });
}

describeVerifiers('an entry of which one member is another', () => {
  test.each<[string, Edit, Expected]>([
    ['kind', set({ kind: 2 }), ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3']],
    ['id', set({ id: OTHER_ID }), ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3']],
    ['at', set({ at: START_MS + 2_001 }), ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3']],
    ['at, before the one before', set({ at: START_MS + 1_999 }), ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3', 'TIME_REGRESSION entry:3']],
    ['at, after the next one', set({ at: START_MS + 3_001 }), ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3', 'TIME_REGRESSION entry:4']],
    ['retain', set({ retain: 7 }), ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3']],
    ['body', set({ body: OTHER_HASH }), ['BODY_MISMATCH entry:3', 'ENTRY_MISMATCH entry:3']],
    ['hash', set({ hash: OTHER_HASH }), ['ENTRY_MISMATCH entry:3 x2', 'INCONSISTENT_CHECKPOINTS anchor:first.note x2', 'ROOT_MISMATCH checkpoint:1']],
    [
      'seq, a higher one',
      set({ seq: 30 }),
      [
        'DUPLICATE_SEQ entry:4 x7',
        'ENTRY_MISMATCH entry:30',
        'GAP entry:3',
        'HEAD_MISMATCH head',
        'ORPHAN_BODY body:3 x8',
        'RECEIPT_NOT_IN_LOG receipt:7 x2',
        'ROOT_MISMATCH checkpoint:1',
        'UNEXPLAINED_MISSING entry:30',
      ],
    ],
    [
      'seq, a lower one',
      set({ seq: 2 }),
      ['DUPLICATE_SEQ entry:2', 'ENTRY_MISMATCH entry:2', 'GAP entry:3', 'ORPHAN_BODY body:3', 'ROOT_MISMATCH checkpoint:1'],
    ],
    [
      'hash of the last one',
      setLine(FILE, 10, { hash: OTHER_HASH }),
      [
        'ENTRY_MISMATCH entry:10',
        'HEAD_MISMATCH head',
        'INCONSISTENT_CHECKPOINTS anchor:second.note',
        'RECEIPT_NOT_IN_LOG receipt:10',
        'ROOT_MISMATCH checkpoint:3',
      ],
    ],
    [
      'hash and the body hash too',
      set({ body: OTHER_HASH, hash: hashOf(small, { ...entryOf(3), bodyHash: OTHER_HASH }, entryOf(2).hash) }),
      ['BODY_MISMATCH entry:3', 'ENTRY_MISMATCH entry:4', 'INCONSISTENT_CHECKPOINTS anchor:first.note x2', 'ROOT_MISMATCH checkpoint:1'],
    ],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });
});

describeVerifiers('entries that are not what was written', () => {
  test.each<[string, Edit, Expected]>([
    ['one is gone', dropLine(FILE, 3), ['ENTRY_MISMATCH entry:4', 'GAP entry:3', 'ORPHAN_BODY body:3', 'ROOT_MISMATCH checkpoint:1']],
    ['two in a row are gone', dropLine(FILE, 3, 2), ['ENTRY_MISMATCH entry:5', 'GAP entry:3', 'ORPHAN_BODY body:3 x2', 'ROOT_MISMATCH checkpoint:1']],
    [
      'two apart are gone',
      edits(dropLine(FILE, 8), dropLine(FILE, 3)),
      ['ENTRY_MISMATCH entry:4 x2', 'GAP entry:3 x2', 'ORPHAN_BODY body:3 x2', 'ROOT_MISMATCH checkpoint:1'],
    ],
    ['the first one is gone', dropLine(FILE, 0), ['ENTRY_MISMATCH entry:1', 'GAP entry:0', 'ORPHAN_BODY body:0', 'ROOT_MISMATCH checkpoint:1']],
    ['one is there twice', repeatLine(FILE, 3), ['DUPLICATE_SEQ entry:3', 'ENTRY_MISMATCH entry:3', 'ROOT_MISMATCH checkpoint:1']],
    [
      'two have changed places',
      swapLines(FILE, 3),
      ['DUPLICATE_SEQ entry:3', 'ENTRY_MISMATCH entry:4 x3', 'GAP entry:3', 'ORPHAN_BODY body:3', 'ROOT_MISMATCH checkpoint:1', 'TIME_REGRESSION entry:3'],
    ],
    [
      'one was put between them',
      insertLine(FILE, 4, foreignEntry()),
      ['BODY_MISMATCH entry:4', 'DUPLICATE_SEQ entry:4', 'ENTRY_MISMATCH entry:4', 'PROJECTION_MISMATCH entry:4', 'ROOT_MISMATCH checkpoint:1'],
    ],
    [
      'the tail is cut off',
      dropLine(FILE, 9, 2),
      ['HEAD_MISMATCH head', 'ORPHAN_BODY body:9 x2', 'RECEIPT_NOT_IN_LOG receipt:10', 'TRUNCATED anchor:second.note', 'TRUNCATED checkpoint:3 x2'],
    ],
    [
      'all of them are gone',
      setFile(FILE, ''),
      ['HEAD_MISMATCH head', 'ORPHAN_BODY body:0 x11', 'RECEIPT_NOT_IN_LOG receipt:1 x3', 'TRUNCATED anchor:first.note x2', 'TRUNCATED checkpoint:1 x4'],
    ],
    [
      'the file is gone',
      dropFile(FILE),
      [
        'HEAD_MISMATCH head',
        'MALFORMED file:entries.ndjson',
        'ORPHAN_BODY body:0 x11',
        'RECEIPT_NOT_IN_LOG receipt:1 x3',
        'TRUNCATED anchor:first.note x2',
        'TRUNCATED checkpoint:1 x4',
      ],
    ],
    [
      'they stand backwards',
      editLines(FILE, (all) => all.toReversed()),
      [
        'DUPLICATE_SEQ entry:9 x10',
        'ENTRY_MISMATCH entry:10 x11',
        'GAP entry:0',
        'HEAD_MISMATCH head',
        'ORPHAN_BODY body:0 x10',
        'RECEIPT_NOT_IN_LOG receipt:1 x2',
        'ROOT_MISMATCH checkpoint:1',
        'TIME_REGRESSION entry:9 x7',
      ],
    ],
    [
      'one at the end that nobody signed',
      insertLine(FILE, 11, JSON.stringify({ seq: 11, kind: 3, id: OTHER_ID, at: START_MS + 80_000, retain: 90, body: OTHER_HASH, hash: OTHER_HASH })),
      ['ENTRY_MISMATCH entry:11', 'HEAD_MISMATCH head', 'UNEXPLAINED_MISSING entry:11'],
    ],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });
});

describeVerifiers('a line of entries.ndjson that is not what the page says', () => {
  const line = (change: (text: string) => string): Edit => editLine(FILE, 3, change);

  test.each<[string, Edit]>([
    ['cut', line((text) => text.slice(0, 40))],
    ['no JSON', line((text) => text.replace('"kind":4', '"kind":four'))],
    ['a list', line((text) => `[${text}]`)],
    ['a space before it', line((text) => ` ${text}`)],
    ['a space after it', line((text) => `${text} `)],
    ['a carriage return', line((text) => `${text}\r`)],
    ['two objects', line((text) => `${text}${text}`)],
    ['a number as text', set({ seq: '3' })],
    ['no number', set({ seq: null })],
    ['a fraction', set({ seq: 3.5 })],
    ['below nothing', set({ seq: -3 })],
    ['beyond 2^53 - 1', line((text) => text.replace('"seq":3', '"seq":9007199254740992'))],
    ['a truth', set({ seq: true })],
    ['a kind that is none', set({ kind: 5 })],
    ['no kind', set({ kind: 0 })],
    ['an id in capitals', set({ id: '7B1F6F0E-5F0D-5C3E-9A51-000000000003' })],
    ['an id without dashes', set({ id: '7b1f6f0e5f0d5c3e9a51000000000003' })],
    ['a time that is none', set({ at: 'now' })],
    ['a time below 1970', set({ at: -1 })],
    ['no retention', set({ retain: undefined })],
    ['a body hash in capitals', set({ body: OTHER_HASH.toUpperCase() })],
    ['a short hash', set({ hash: OTHER_HASH.slice(1) })],
    ['a hash that is none', set({ hash: 'g'.repeat(64) })],
    ['NaN, which JSON does not have', line((text) => text.replace('"kind":4', '"kind":4,"x":NaN'))],
    ['a comma at the end', line((text) => text.replace('}', ',}'))],
    ['a control character in a text', line((text) => text.replace('"kind":4', '"kind":4,"x":"\u0001"'))],
    ['nested too deep', line((text) => text.replace('"kind":4', `"kind":4,"x":${'['.repeat(100)}${']'.repeat(100)}`))],
    ['longer than 16 MiB', line((text) => text.replace('"kind":4', `"kind":4,"x":"${'x'.repeat(16 * 1024 * 1024)}"`))],
  ])('is left out: %s', async (_, edit) => {
    await expectBoth(edit(files), LOST);
  });

  test.each<[string, Buffer]>([
    ['a byte that begins nothing', Buffer.from([0xff])],
    ['half a surrogate pair', Buffer.from([0xed, 0xa0, 0x80])],
    ['an overlong form', Buffer.from([0xc0, 0xaf])],
  ])('is left out where it is no UTF-8: %s', async (_, bytes) => {
    const text = String(files.get(FILE));
    const at = text.split('\n').slice(0, 3).join('\n').length + 1;
    const start = text.slice(0, at + 1);
    const spoilt = Buffer.concat([Buffer.from(`${start}"x":"`), bytes, Buffer.from(`",${text.slice(at + 1)}`)]);
    await expectBoth(setFile(FILE, spoilt)(files), LOST);
  });

  test.each<[string, Edit, Expected]>([
    ['an empty line', insertLine(FILE, 3, ''), ['MALFORMED file:entries.ndjson']],
    ['three of them', edits(insertLine(FILE, 3, '{}'), insertLine(FILE, 3, 'x'), insertLine(FILE, 0, '')), ['MALFORMED file:entries.ndjson x3']],
    [
      'the mark of a byte order',
      editText(FILE, (text) => `\uFEFF${text}`),
      ['ENTRY_MISMATCH entry:1', 'GAP entry:0', 'MALFORMED file:entries.ndjson', 'ORPHAN_BODY body:0', 'ROOT_MISMATCH checkpoint:1'],
    ],
    ['the last LF is missing', editText(FILE, (text) => text.slice(0, -1)), []],
    ['a member that is not known', set({ comment: 'none' }), []],
    ['members in another order', line((text) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).toReversed()))), []],
    ['a whole number with a fraction of nothing', replaceInLine(FILE, 3, '"seq":3', '"seq":3.0'), []],
    ['a whole number with an exponent', replaceInLine(FILE, 3, '"seq":3', '"seq":0.3e1'), []],
    ['spaces between members', line((text) => text.replaceAll(',"', ' , "')), []],
    ['100 levels', line((text) => text.replace('"kind":4', `"kind":4,"x":${'['.repeat(99)}${']'.repeat(99)}`)), []],
    ['brackets in a text', line((text) => text.replace('"kind":4', `"kind":4,"x":"\\"${'['.repeat(500)}"`)), []],
  ])('or that is: %s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });
});
