import { append, createTestLedger, exportFiles, signCheckpoint } from '../support/ledger-export.ts';
import type { ExportFiles } from '../support/ledger-export.ts';
import { smallLedger, START_MS, withKept } from '../support/ledger-export-samples.ts';
import {
  dropFile,
  dropLine,
  editLine,
  edits,
  insertLine,
  lineOf,
  repeatLine,
  replaceInLine,
  setBody,
  setFields,
  setFile,
  swapLines,
} from '../support/edit-export.ts';
import type { Edit } from '../support/edit-export.ts';
import { describeVerifiers, expectBoth } from '../support/run-verifiers.ts';
import type { Expected } from '../support/run-verifiers.ts';

const OTHER_ID = '00000000-0000-4000-8000-000000000000';
const FILE = 'bodies.ndjson';
const files = withKept(smallLedger());
const line = (change: (text: string) => string): Edit => editLine(FILE, 3, change);

/** What one line that cannot be read comes to. */
const LOST = ['MALFORMED file:bodies.ndjson', 'UNEXPLAINED_MISSING entry:3'];

/** A ledger of one record with any text, signed. */
function ofOne(body: string, fields: Record<string, unknown>, kind: 1 | 2 | 3 | 4 = 3): ExportFiles {
  const ledger = createTestLedger();
  append(ledger, { kind, body, fields, atMs: START_MS });
  signCheckpoint(ledger, START_MS + 1_000);
  ledger.exportedAt = START_MS + 2_000;
  return exportFiles(ledger);
}

const nothing = { type: null, actor: null, target: null };
const deep = (levels: number): string => `{"type":"deep","x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

describeVerifiers('a body of which something is another', () => {
  test.each<[string, Edit, Expected]>([
    ['its kind', setBody(3, { kind: 3 }), ['PROJECTION_MISMATCH entry:3']],
    ['its id', setBody(3, { id: OTHER_ID }), ['PROJECTION_MISMATCH entry:3']],
    ['its time', setBody(3, { at: START_MS + 2_001 }), ['PROJECTION_MISMATCH entry:3']],
    ['its retention', setBody(3, { retain: 7 }), ['PROJECTION_MISMATCH entry:3']],
    ['a column as well: found once', edits(setBody(3, { retain: 7 }), setFields(3, { value: 'BLOCK' })), ['PROJECTION_MISMATCH entry:3']],
    ['a word of it', replaceInLine(FILE, 3, '"riskScore":20', '"riskScore":21'), ['BODY_MISMATCH entry:3']],
    ['a space in it', replaceInLine(FILE, 3, '"riskScore":20', '"riskScore": 20'), ['BODY_MISMATCH entry:3']],
    ['the order of its members', replaceInLine(FILE, 3, '"body":{', '"body":{"v":1,'), ['BODY_MISMATCH entry:3']],
    ['the escape of a character', replaceInLine(FILE, 3, '"seen"', '"s\\u0065en"'), ['BODY_MISMATCH entry:3']],
    [
      'a word, and a column: the body decides',
      edits(replaceInLine(FILE, 3, '"riskScore":20', '"riskScore":21'), setFields(3, { value: 'BLOCK' })),
      ['BODY_MISMATCH entry:3'],
    ],
    [
      'a word, and its time',
      edits(replaceInLine(FILE, 3, '"riskScore":20', '"riskScore":21'), setBody(3, { at: 0 })),
      ['BODY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3'],
    ],
    ['its number, a higher one', setBody(3, { seq: 30 }), ['DUPLICATE_SEQ body:4 x7', 'ORPHAN_BODY body:30', 'UNEXPLAINED_MISSING entry:3 x8']],
    ['its number, a lower one', setBody(3, { seq: 2 }), ['DUPLICATE_SEQ body:2', 'UNEXPLAINED_MISSING entry:3']],
    ['all of it: that of another entry', editLine(FILE, 3, (text) => text.replace(/"body":.*/, '"body":{}}')), ['BODY_MISMATCH entry:3']],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });
});

/** Entry 2 and 7 are events, 10 one with its digest in the body, 6 a step of a review, 9 an audit record, 3 a violation. */
const columns = [10, 6, 9, 3].flatMap((seq) => {
  const { fields } = lineOf<{ fields: Record<string, unknown> }>(files, FILE, seq);
  return Object.entries(fields).map(([name, value]): [string, number, unknown] => [name, seq, value]);
});

describeVerifiers('a column beside a body', () => {
  test('is tested for every kind of record', () => {
    expect(columns).toHaveLength(11 + 4 + 3 + 5);
  });

  test.each(columns)('%s of entry %i cannot be another, nor be missing', async (name, seq, value) => {
    const other = Array.isArray(value) ? [...(value as unknown[]), 'other'] : typeof value === 'number' ? value + 1 : `${String(value)}x`;
    await expectBoth(setFields(seq, { [name]: other })(files), [`PROJECTION_MISMATCH entry:${seq}`]);
    await expectBoth(setFields(seq, { [name]: undefined })(files), [`PROJECTION_MISMATCH entry:${seq}`]);
  });

  test.each<[string, Edit, Expected]>([
    ['one too many', setFields(3, { other: null }), ['PROJECTION_MISMATCH entry:3']],
    ['those of another kind', setBody(3, { fields: nothing }), ['PROJECTION_MISMATCH entry:3']],
    ['nothing where there is something', setFields(2, { policyVersion: null }), ['PROJECTION_MISMATCH entry:2']],
    ['something where there is nothing', setFields(2, { ruleId: 'payments' }), ['PROJECTION_MISMATCH entry:2']],
    ['a number as text', setFields(2, { riskScore: '30' }), ['PROJECTION_MISMATCH entry:2']],
    ['a truth for a number', setFields(1, { riskScore: false }), ['PROJECTION_MISMATCH entry:1']],
    ['a number with a fraction of nothing', replaceInLine(FILE, 2, '"riskScore":30,"categories"', '"riskScore":30.0,"categories"'), []],
    ['categories in another order', setFields(2, { categories: ['Action', 'Time'] }), ['PROJECTION_MISMATCH entry:2']],
    ['a category twice, as it was found', setFields(2, { categories: ['Time', 'Action', 'Time'] }), ['PROJECTION_MISMATCH entry:2']],
    ['categories by number', setFields(2, { categories: { 0: 'Time', 1: 'Action' } }), ['PROJECTION_MISMATCH entry:2']],
    ['categories as a text', setFields(7, { categories: 'Space' }), ['PROJECTION_MISMATCH entry:7']],
    ['no categories', setFields(1, { categories: null }), ['PROJECTION_MISMATCH entry:1']],
    ['a digest that the body does not have', setFields(2, { eventDigest: 'cd'.repeat(32) }), []],
    ['the size of no checkpoint', setFields(7, { checkpointSize: 5 }), ['PROJECTION_MISMATCH entry:7']],
    ['the size of a later checkpoint', setFields(7, { checkpointSize: 9 }), ['PROJECTION_MISMATCH entry:7']],
    ['the size of an earlier checkpoint', setFields(10, { checkpointSize: 6 }), []],
    ['the size of no checkpoint yet', setFields(10, { checkpointSize: 0 }), []],
    ['a size that is no number', setFields(10, { checkpointSize: '9' }), ['PROJECTION_MISMATCH entry:10']],
    [
      'several columns of several bodies',
      edits(setFields(2, { value: 'ALLOW' }), setFields(2, { agentId: 'a' }), setFields(6, { step: 'reject' })),
      ['PROJECTION_MISMATCH entry:2 x2'],
    ],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });
});

describeVerifiers('bodies that are not what was written', () => {
  test.each<[string, Edit, Expected]>([
    ['one is gone', dropLine(FILE, 3), ['UNEXPLAINED_MISSING entry:3']],
    ['the tail is cut off', dropLine(FILE, 9, 2), ['UNEXPLAINED_MISSING entry:9 x2']],
    ['one is there twice', repeatLine(FILE, 3), ['DUPLICATE_SEQ body:3']],
    ['two have changed places', swapLines(FILE, 3), ['DUPLICATE_SEQ body:3', 'UNEXPLAINED_MISSING entry:3']],
    [
      'one too many at the end',
      insertLine(FILE, 11, JSON.stringify({ seq: 11, kind: 3, id: OTHER_ID, at: START_MS, retain: 7, fields: nothing, body: {} })),
      ['ORPHAN_BODY body:11'],
    ],
    ['all of them are gone', setFile(FILE, ''), ['UNEXPLAINED_MISSING entry:0 x11']],
    ['the file is gone', dropFile(FILE), ['MALFORMED file:bodies.ndjson', 'UNEXPLAINED_MISSING entry:0 x11']],
  ])('%s', async (_, edit, expected) => {
    await expectBoth(edit(files), expected);
  });
});

describeVerifiers('a line of bodies.ndjson', () => {
  const asText = (text: string): string => {
    const mark = text.indexOf(',"body":');
    return `${text.slice(0, mark)},"text":${JSON.stringify(text.slice(mark + 8, -1))}}`;
  };

  test.each<[string, Edit]>([
    ['cut in its body', line((text) => text.slice(0, -20))],
    ['cut before its body', line((text) => text.slice(0, 60))],
    ['without body and text', line((text) => `${text.slice(0, text.indexOf(',"body":'))}}`)],
    ['with a body that is no JSON', line((text) => text.replace(/"body":.*/, '"body":other}'))],
    ['with a body that is cut', line((text) => `${text.slice(0, -2)}}`)],
    ['with something after the body', line((text) => `${text.slice(0, -1)},"x":1}`)],
    ['with a body between the columns', line((text) => text.replace('"fields":{', '"fields":{"x":1,"body":2,'))],
    ['with columns that are none', setBody(3, { fields: null })],
    ['with a list of columns', setBody(3, { fields: [] })],
    ['without columns', setBody(3, { fields: undefined })],
    ['with a number that is none', setBody(3, { seq: 'three' })],
    ['with an id that is none', setBody(3, { id: 'three' })],
    ['with a kind that is none', setBody(3, { kind: 9 })],
    ['with a time that is none', setBody(3, { at: 1.5 })],
    ['with a retention that is none', setBody(3, { retain: -1 })],
    ['with a text that is none', line((text) => text.replace(/,"body":.*/, ',"text":1}'))],
    ['with half a surrogate pair for a text', line((text) => text.replace(/,"body":.*/, ',"text":"\\ud800"}'))],
    ['that is empty', line(() => '')],
    ['that ends in a carriage return', line((text) => `${text}\r`)],
  ])('is left out: %s', async (_, edit) => {
    await expectBoth(edit(files), LOST);
  });

  test('may give its body as a text', async () => {
    await expectBoth(line(asText)(files), []);
    await expectBoth(line((text) => asText(text).replace('riskScore', 'risk'))(files), ['BODY_MISMATCH entry:3']);
  });

  test('gives two bodies: the one at its end counts', async () => {
    await expectBoth(line((text) => text.replace(',"body":', ',"text":"other","body":'))(files), []);
  });

  test.each<[string, ExportFiles, Expected]>([
    ['that is no JSON, and columns of nothing', ofOne('not JSON', nothing), []],
    ['that is no JSON, and columns of something', ofOne('not JSON', { ...nothing, actor: 'system' }), ['PROJECTION_MISMATCH entry:0']],
    ['that is no object', ofOne('["list"]', nothing), []],
    ['that is a text', ofOne('"text"', nothing), []],
    ['that is null', ofOne('null', nothing), []],
    ['with a line feed', ofOne('{"type":"a",\n"actor":"b"}', { type: 'a', actor: 'b', target: null }), []],
    ['with spaces', ofOne(' {"type" : "a"} ', { ...nothing, type: 'a' }), []],
    ['with nothing', ofOne('', nothing), []],
    ['with characters of every length', ofOne('{"type":"aé€😀\u2028\uFEFF"}', { ...nothing, type: 'aé€😀\u2028\uFEFF' }), []],
    ['with characters in another form of the same', ofOne('{"type":"\u00e9"}', { ...nothing, type: 'e\u0301' }), ['PROJECTION_MISMATCH entry:0']],
    ['with a member twice: the last one counts', ofOne('{"type":"a","type":"b"}', { ...nothing, type: 'b' }), []],
    ['with an object in place of a text', ofOne('{"type":{"a":1}}', { ...nothing, type: { a: 1 } }), ['PROJECTION_MISMATCH entry:0']],
    ['with a list in place of a text', ofOne('{"type":["a",1,null]}', { ...nothing, type: ['a', 1, null] }), []],
    ['with a whole number beyond 2^53', ofOne('{"type":9007199254740993}', { ...nothing, type: 9_007_199_254_740_992 }), []],
    ['with a number that no double holds', ofOne('{"type":1e400}', nothing), ['PROJECTION_MISMATCH entry:0']],
    ['with names that objects are born with', ofOne('{"__proto__":{"type":"a"},"constructor":1}', nothing), []],
    ['nested 100 levels deep', ofOne(deep(100), { ...nothing, type: 'deep' }), []],
    ['nested deeper, as no JSON', ofOne(`${deep(101)}\n`, nothing), []],
    ['nested deeper, as JSON', ofOne(deep(101), { ...nothing, type: 'deep' }), ['MALFORMED file:bodies.ndjson', 'UNEXPLAINED_MISSING entry:0']],
    ['nested very deep', ofOne(deep(100_000), nothing), ['MALFORMED file:bodies.ndjson', 'UNEXPLAINED_MISSING entry:0']],
    ['of an event without an event', ofOne('{}', eventOfNothing(), 1), []],
    ['of an event that is a text', ofOne('{"event":"id","decision":[],"findings":{}}', eventOfNothing(), 1), []],
    ['of an event with findings of nothing', ofOne('{"findings":[1,null,{}]}', { ...eventOfNothing(), categories: [null] }, 1), []],
    ['of an event with a category that is the same list twice', ofOne(listed('["a",1]', '["a",1.0]'), { ...eventOfNothing(), categories: [['a', 1]] }, 1), []],
    ['of an event with lists of lists', ofOne(listed('[["a"]]', '["a"]', '[["a"]]'), { ...eventOfNothing(), categories: [[['a']], ['a']] }, 1), []],
    [
      'of an event with lists of which none is the other',
      ofOne(listed('["a"]', '["a","b"]', '["b","a"]'), { ...eventOfNothing(), categories: [['a'], ['a', 'b'], ['b', 'a']] }, 1),
      [],
    ],
    ['of an event with a list that is a text elsewhere', ofOne(listed('"1"', '["1"]', '1'), { ...eventOfNothing(), categories: ['1', ['1'], 1] }, 1), []],
    [
      'of an event with the same list twice, and both beside it',
      ofOne(listed('["a"]', '["a"]'), { ...eventOfNothing(), categories: [['a'], ['a']] }, 1),
      ['PROJECTION_MISMATCH entry:0'],
    ],
    [
      'of an event with a list that holds an object, which equals nothing',
      ofOne(listed('"a"', '[{}]'), { ...eventOfNothing(), categories: ['a'] }, 1),
      ['PROJECTION_MISMATCH entry:0'],
    ],
    ['of an event without a digest that has one', ofOne('{"eventDigest":null}', eventOfNothing(), 1), ['PROJECTION_MISMATCH entry:0']],
  ])('holds a body %s', async (_, ofThat, expected) => {
    await expectBoth(ofThat, expected);
  });

  function listed(...categories: readonly string[]): string {
    return `{"findings":[${categories.map((category) => `{"category":${category}}`).join()}]}`;
  }

  function eventOfNothing(): Record<string, unknown> {
    const names = ['eventId', 'agentId', 'action', 'sessionId', 'value', 'riskScore', 'policyVersion', 'ruleId'];
    return { ...Object.fromEntries(names.map((name) => [name, null])), eventDigest: 'ab'.repeat(32), categories: [] };
  }
});
