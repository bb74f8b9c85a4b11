import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leavesOf, originOf } from '../support/ledger-export.ts';
import { smallLedger } from '../support/ledger-export-samples.ts';
import { flipAt } from '../support/edit-export.ts';
import { signedNote, testKey } from '../support/note-signer.ts';
import { inclusionPath, leafOf, treeRoot } from '../support/rfc6962.ts';
import { agreed, describeVerifiers, judge } from '../support/run-verifiers.ts';
import type { Expected, Verdict } from '../support/run-verifiers.ts';

const small = smallLedger();
const keys = small.listedKeys.map(({ vkey }) => vkey);
const leaves = leavesOf(small);
const note = small.checkpoints[3]?.note ?? '';

interface Files {
  proof: string | Buffer;
  entry: string | Buffer;
  body?: string | Buffer;
}

/** The text of an entry, as the page has it. */
function textOf(seq: number, changes: object = {}): string {
  const entry = small.entries[seq];
  if (entry === undefined) throw new Error(`no entry ${seq}`);
  const { at, bodyHash, id, kind, retain } = entry;
  return JSON.stringify({ at, body: bodyHash, id, kind, org: small.org, prev: small.entries[seq - 1]?.hash, retain, seq, v: 1, ...changes });
}

const proofOf = (index: number, hashes: readonly Buffer[] = inclusionPath(index, leaves), checkpoint = note): string =>
  `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${checkpoint}`;

const filesOf = (seq: number): Required<Files> => ({ proof: proofOf(seq), entry: textOf(seq), body: small.entries[seq]?.text ?? '' });

async function expectProof({ proof, entry, body }: Files, expected: Expected, vkeys: readonly string[] = keys): Promise<Verdict> {
  const files = new Map<string, string | Buffer>([['proof', proof], ['entry', entry], ...(body === undefined ? [] : [['body', body] as const])]);
  const named = ['--proof', 'DIR/proof', '--entry', 'DIR/entry', ...(body === undefined ? [] : ['--body', 'DIR/body'])];
  return agreed(await judge(files, [...named, '--json', ...vkeys.flatMap((vkey) => ['--vkey', vkey])]), expected);
}

/** Of a tree of one leaf, whatever that says. */
function ofOneLeaf(entry: string, origin = originOf(small), index = 0): Files {
  const root = treeRoot([leafOf(Buffer.from(entry))]);
  return { entry, proof: proofOf(index, [], signedNote({ origin, size: 1, root, seconds: 1_767_300_000, keys: [...small.logKeys, small.timeKey] })) };
}

describeVerifiers('a proof of one entry', () => {
  test('holds for every entry and its body, and says by which checkpoint', async () => {
    for (let seq = 1; seq < 11; seq += 1) {
      const { result } = await expectProof(filesOf(seq), []);
      expect(result).toEqual({ v: 1, origin: originOf(small), index: seq, size: 11, at: 1_767_229_275_000, findings: [] });
    }
  });

  const [sibling, ...above] = inclusionPath(7, leaves) as [Buffer, ...Buffer[]];
  const seven = filesOf(7);
  const proof = (change: (text: string) => string): Files => ({ ...seven, proof: change(proofOf(7)) });

  test.each<[string, Files, Expected]>([
    ['without the body', { proof: seven.proof, entry: seven.entry }, []],
    ['with an LF after the entry', { ...seven, entry: `${String(seven.entry)}\n` }, []],
    ['with two of them', { ...seven, entry: `${String(seven.entry)}\n\n` }, ['BAD_PROOF proof', 'MALFORMED file:entry']],
    ['with an LF after the body', { ...seven, body: `${String(seven.body)}\n` }, ['BODY_MISMATCH proof']],
    ['with another body', { ...seven, body: '{}' }, ['BODY_MISMATCH proof']],
    ['with another entry', { ...seven, entry: textOf(6) }, ['BAD_PROOF proof', 'BODY_MISMATCH proof']],
    ['with another time in the entry', { ...seven, entry: textOf(7, { at: 1 }) }, ['BAD_PROOF proof']],
    ['with an entry that is no JSON', { ...seven, entry: 'entry' }, ['BAD_PROOF proof', 'MALFORMED file:entry']],
    ['with an entry that is a list', { ...seven, entry: '[]' }, ['BAD_PROOF proof', 'MALFORMED file:entry']],
    ['with an entry that is no UTF-8', { ...seven, entry: Buffer.of(0xff) }, ['BAD_PROOF proof', 'MALFORMED file:entry']],
    ['with an entry of random bytes', { ...seven, entry: randomBytes(32) }, ['BAD_PROOF proof', 'MALFORMED file:entry']],
    ['of another index', { ...seven, proof: proofOf(6, [sibling, ...above]) }, ['BAD_PROOF proof']],
    ['of an index beyond', { ...seven, proof: proofOf(11, [sibling, ...above]) }, ['BAD_PROOF proof']],
    ['with another hash', { ...seven, proof: proofOf(7, [Buffer.alloc(32), ...above]) }, ['BAD_PROOF proof']],
    ['with a hash too few', { ...seven, proof: proofOf(7, above) }, ['BAD_PROOF proof']],
    ['with a hash too many', { ...seven, proof: proofOf(7, [sibling, ...above, Buffer.alloc(32)]) }, ['BAD_PROOF proof']],
    ['with no hashes', { ...seven, proof: proofOf(7, []) }, ['BAD_PROOF proof']],
    ['by an earlier checkpoint', { ...seven, proof: proofOf(7, inclusionPath(7, leaves.slice(0, 9)), small.checkpoints[1]?.note) }, []],
    ['by a checkpoint of before', { ...seven, proof: proofOf(7, [sibling, ...above], small.checkpoints[0]?.note) }, ['BAD_PROOF proof']],
    ['by a note that is spoilt', proof((text) => flipAt(text, text.length - 20)), ['BAD_SIGNATURE proof']],
    ['by a note of another origin', proof((text) => text.replace('ledger.example.com/mg/org', 'ledger.example.com/mg/of')), ['BAD_SIGNATURE proof']],
    ['with a spoilt note and another body', { ...proof((text) => text.slice(0, -1)), body: '' }, ['BAD_SIGNATURE proof', 'BODY_MISMATCH proof']],
    ['with a line of anything', proof((text) => text.replace('\nindex', '\nextra cGFnZQ==\nindex')), []],
    ['with a line of anything that is no base64', proof((text) => text.replace('\nindex', '\nextra !\nindex')), ['MALFORMED file:proof']],
    ['with a line of anything in another place', proof((text) => text.replace('\n\n', '\nextra cGFnZQ==\n\n')), ['MALFORMED file:proof']],
    ['of another version', proof((text) => text.replace('@v1', '@v2')), ['MALFORMED file:proof']],
    ['without an index', proof((text) => text.replace('index 7\n', '')), ['MALFORMED file:proof']],
    ['with a leading zero', proof((text) => text.replace('index 7', 'index 07')), ['MALFORMED file:proof']],
    ['with an index below nothing', proof((text) => text.replace('index 7', 'index -7')), ['MALFORMED file:proof']],
    ['with an index beyond 2^53', proof((text) => text.replace('index 7', 'index 9007199254740992')), ['MALFORMED file:proof']],
    ['with a hash of 31 bytes', { ...seven, proof: proofOf(7, [Buffer.alloc(31), ...above]) }, ['MALFORMED file:proof']],
    ['with a hash that is no base64', proof((text) => text.replace('index 7\n', 'index 7\n!')), ['MALFORMED file:proof']],
    ['with carriage returns', proof((text) => text.replaceAll('\n', '\r\n')), ['MALFORMED file:proof']],
    ['that ends before its note', proof((text) => text.slice(0, text.indexOf('\n\n') + 1)), ['MALFORMED file:proof']],
    ['with nothing for a note', proof((text) => text.slice(0, text.indexOf('\n\n') + 2)), ['BAD_SIGNATURE proof']],
    ['that is empty', { ...seven, proof: '' }, ['MALFORMED file:proof']],
    ['that is no UTF-8', { ...seven, proof: Buffer.concat([Buffer.from(proofOf(7)), Buffer.of(0xff)]) }, ['MALFORMED file:proof']],
  ])('%s', async (_, files, expected) => {
    await expectProof(files, expected);
  });

  test('of docs/spec/ledger-v1.md holds', async () => {
    const spec = readFileSync(join(import.meta.dirname, '../../docs/spec/ledger-v1.md'), 'utf8');
    const [entries = '', vectors = ''] = [...spec.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => json);
    const { text, tlogProof, logKey, timeKey } = JSON.parse(vectors) as {
      text: string;
      tlogProof: string;
      logKey: { vkey: string };
      timeKey: { vkey: string };
    };
    const [, entry] = JSON.parse(entries) as { body: string }[];
    await expectProof({ proof: tlogProof, entry: text, body: entry?.body ?? '' }, [], [logKey.vkey, timeKey.vkey]);
  });

  test('is of an entry that says itself where it stands', async () => {
    await expectProof(ofOneLeaf(JSON.stringify({ seq: 0, org: small.org })), []);
    await expectProof(ofOneLeaf(JSON.stringify({ seq: 0.0, org: small.org }).replace('0', '0.0')), []);
    await expectProof(ofOneLeaf(JSON.stringify({ seq: 1, org: small.org })), ['BAD_PROOF proof']);
    await expectProof(ofOneLeaf(JSON.stringify({ seq: false, org: small.org })), ['BAD_PROOF proof']);
    await expectProof(ofOneLeaf(JSON.stringify({ seq: 0, org: 'other' })), ['BAD_PROOF proof']);
    await expectProof(ofOneLeaf('{}'), ['BAD_PROOF proof']);
    await expectProof(ofOneLeaf('not JSON'), ['MALFORMED file:entry']);
    await expectProof(ofOneLeaf(JSON.stringify({ seq: 0 }), 'ledger.example.com/mg/time'), ['BAD_SIGNATURE proof']);
  });

  test.each([
    ['that is not of an organisation', 'ledger.example.com/mg/deployment', ['BAD_SIGNATURE proof']],
    ['of an organisation that is none', 'ledger.example.com/mg/org/acme', ['BAD_SIGNATURE proof']],
    ['without a host', `/mg/org/${small.org}`, ['BAD_SIGNATURE proof']],
    ['whose host ends like an origin of its own', `ledger.example.com/mg/org/${small.org}/mg/org/${small.org}`, []],
  ])('by a log of its own, with an origin %s', async (_, origin, expected) => {
    const key = testKey(origin, 1, 'one log');
    const entry = JSON.stringify({ seq: 0, org: small.org });
    const root = treeRoot([leafOf(Buffer.from(entry))]);
    const signed = signedNote({ origin, size: 1, root, seconds: 1_767_300_000, keys: [key, small.timeKey] });
    await expectProof({ entry, proof: proofOf(0, [], signed) }, expected, [key.vkey, small.timeKey.vkey]);
  });

  test('counts only with keys that are known', async () => {
    const [log = '', time = '', deployment = ''] = keys;
    await expectProof(seven, [], [time, log]);
    await expectProof(seven, ['BAD_SIGNATURE proof'], [log, deployment]);
    await expectProof(seven, ['BAD_SIGNATURE proof'], [time, deployment]);
    await expectProof(seven, 'unreadable', []);
    await expectProof(seven, 'unreadable', [log, time, 'none']);
  });

  test('needs its files, and nothing of an export', async () => {
    const files = new Map([
      ['proof', String(seven.proof)],
      ['entry', String(seven.entry)],
    ]);
    const given = ['--json', '--vkey', keys[0] ?? '', '--vkey', keys[1] ?? ''];
    agreed(await judge(files, ['--proof', 'DIR/proof', '--entry', 'DIR/none', ...given]), 'unreadable');
    agreed(await judge(files, ['--proof', 'DIR/none', '--entry', 'DIR/entry', ...given]), 'unreadable');
    agreed(await judge(files, ['--proof', 'DIR/proof', '--entry', 'DIR/entry', '--body', 'DIR/none', ...given]), 'unreadable');
    agreed(await judge(files, ['--proof', 'DIR/proof', ...given]), 'unreadable');
    agreed(await judge(files, ['DIR', '--proof', 'DIR/proof', '--entry', 'DIR/entry', ...given]), 'unreadable');
    agreed(await judge(files, given), 'unreadable');
  });
});
