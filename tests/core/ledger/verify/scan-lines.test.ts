import * as fc from 'fast-check';
import { hash } from 'node:crypto';
import { decodeInNode } from '../../../../cli/verify/decode.ts';
import { readBodies } from '../../../../core/ledger/verify/read-bodies.ts';
import { readEntries } from '../../../../core/ledger/verify/read-entries.ts';
import { scanBodies } from '../../../../core/ledger/verify/scan-bodies.ts';
import { scanEntries } from '../../../../core/ledger/verify/scan-entries.ts';
import type { ScannedLines } from '../../../../core/ledger/verify/scan-lines.ts';
import { createLineSplitter } from '../../../../core/ledger/verify/split-lines.ts';
import type { Line } from '../../../../core/ledger/verify/split-lines.ts';
import { exportFiles } from '../../../support/ledger-export.ts';
import { longLedger, smallLedger } from '../../../support/ledger-export-samples.ts';

const { org } = smallLedger();
const sha256Hex = (text: string): string => hash('sha256', text);
const fileOf = (name: string): Buffer => Buffer.from(String(exportFiles(smallLedger()).get(name)));
const entries = fileOf('entries.ndjson');
const bodies = fileOf('bodies.ndjson');

function scannable(bytes: Buffer): ScannedLines {
  const ends = [...bytes.entries()].flatMap(([at, byte]) => (byte === 0x0a ? [at] : []));
  if (bytes.length > 0 && bytes.at(-1) !== 0x0a) ends.push(bytes.length);
  return { bytes: new Uint8Array(bytes), ends, ascii: (start, end) => bytes.toString('latin1', start, end), decode: decodeInNode };
}

function linesOf(bytes: Buffer): Line[] {
  const splitter = createLineSplitter();
  return [...splitter.push(bytes), ...splitter.end()];
}

const hashing = (bytes: Buffer) => ({ sha256Hex, hashBytes: (start: number, end: number) => hash('sha256', bytes.subarray(start, end)) });
const isUtf8 = (bytes: Buffer): boolean => decodeInNode(bytes) !== undefined;

function expectSameBodies(bytes: Buffer): void {
  expect(scanBodies(scannable(bytes), isUtf8(bytes), hashing(bytes))).toEqual(readBodies(linesOf(bytes), sha256Hex));
}

function expectSameEntries(bytes: Buffer): void {
  expect(scanEntries(scannable(bytes), org, sha256Hex)).toEqual(readEntries(linesOf(bytes), org, sha256Hex));
}

/** What JSON is made of, and what it must not hold. */
const BYTES = [...Buffer.from('{}[]",:\\ \n\t0123456789-+.eEaftnu/é\u0000')];
const pieces = [
  '"body":1,',
  ',"body":',
  '"fields":{},',
  '"seq":1,',
  '"event":{},',
  '"type":"ledger.purged",',
  '"type":"signer.\\u0072esumed",',
  '{"a":',
  '[[',
  '\\u00e9',
  '\\ud800',
  '-0',
  '1e5',
  '01',
  'null',
  '{}',
  '[]',
  'true',
  '"eventDigest":{"x":1,"body":2},',
  '"\\u0065vent":{"id":1},',
];

/** A few bytes of a text changed, removed or put in. */
const spoilt = (text: Buffer): fc.Arbitrary<Buffer> =>
  fc
    .array(
      fc.tuple(
        fc.nat(text.length),
        fc.nat(4),
        fc.oneof(fc.constantFrom(...BYTES.map((byte) => Buffer.of(byte))), fc.constantFrom(...pieces.map((piece) => Buffer.from(piece)))),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((changes) => {
      let changed = text;
      for (const [at, removed, added] of changes)
        changed = Buffer.concat([changed.subarray(0, at), added, changed.subarray(Math.min(changed.length, at + removed))]);
      return changed;
    });

const line = (file: Buffer, index: number): Buffer => Buffer.from(`${String(file).split('\n')[index]}\n`);

describe('lines as bytes', () => {
  test('say what they say as text, where nothing is wrong', () => {
    expectSameEntries(entries);
    expectSameBodies(bodies);
    const long = Buffer.from(String(exportFiles(longLedger()).get('bodies.ndjson')));
    expectSameBodies(long);
    for (const cut of [1, 10, 100]) {
      expectSameEntries(entries.subarray(0, -cut));
      expectSameBodies(bodies.subarray(0, -cut));
    }
  });

  test('most of them need not be read as text', () => {
    let decoded = 0;
    const counting = (bytes: Buffer): ScannedLines => ({ ...scannable(bytes), decode: (part) => ((decoded += 1), decodeInNode(part)) });
    scanEntries(counting(entries), org, sha256Hex);
    expect(decoded).toBe(0);
    scanBodies(counting(bodies), true, hashing(bodies));
    // Those with findings.
    expect(decoded).toBeLessThan(4);
  });

  test.each([0, 1, 2, 3, 6, 7, 9, 10])('say what they say as text, whatever is done to body %d', (index) => {
    fc.assert(fc.property(spoilt(line(bodies, index)), expectSameBodies), { numRuns: 600 });
  });

  test('say what they say as text, whatever is done to an entry', () => {
    fc.assert(fc.property(spoilt(entries.subarray(0, 700)), expectSameEntries), { numRuns: 1_500 });
  });

  /** What a scanner must leave to a parser: each of them changes what the body says. */
  test.each([
    ['a member twice', ',"event":{"id":"evt_2"}'],
    ['an object twice, the second one empty', ',"event":{}'],
    ['another one', ',"decision":{}'],
    ['a member in another spelling', ',"\\u0065vent":{"id":"evt_2"}'],
    ['a type in another spelling', ',"type":"ledger.\\u0070urged"'],
    ['a purge', ',"type":"ledger.purged","details":{"upTo":1}'],
    ['a return of the signer', ',"type":"signer.resumed"'],
    ['a hold', ',"type":"hold.placed","details":{"from":null,"until":null}'],
    ['the end of a hold', ',"type":"hold.released"'],
    ['a longer retention', ',"type":"retention.extended","details":{"beforeSeq":1}'],
    ['a shorter retention', ',"type":"retention.reduced","details":{"beforeSeq":1}'],
    ['the end of a shorter retention', ',"type":"retention.reduction-cancelled"'],
    ['a hold in other letters', ',"type":"hold\\u002eplaced"'],
    ['an object for a value', ',"eventDigest":{"a":1}'],
    ['a digest', ',"eventDigest":"ab"'],
    ['findings', ',"findings":[{"category":"Time"}]'],
    ['findings that are no list', ',"findings":{}'],
  ])('a body with %s is judged alike', (_, member) => {
    for (const index of [0, 1, 3, 6]) {
      const text = String(line(bodies, index)).replace(/\}\}\n$/, `${member}}}\n`);
      expect(text).toContain(member);
      expectSameBodies(Buffer.from(text));
    }
  });

  test('a body of any JSON is judged alike, white space and depth included', () => {
    const [head = ''] = String(line(bodies, 0)).split(',"body":');
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.boolean(), (json, isSpaced) => {
        const text = isSpaced ? JSON.stringify(JSON.parse(json), null, ' ').replaceAll('\n', ' ') : json;
        expectSameBodies(Buffer.from(`${head},"body":${text}}\n`));
      }),
      { numRuns: 500 },
    );
    for (const depth of [98, 99, 100, 101]) {
      const text = String(line(bodies, 0)).replace('"body":{', `"body":{"a":${'['.repeat(depth)}${']'.repeat(depth)},`);
      expectSameBodies(Buffer.from(text));
      expectSameBodies(Buffer.from(text.replaceAll('[', '{"a":').replaceAll(']', '}')));
    }
  });
});
